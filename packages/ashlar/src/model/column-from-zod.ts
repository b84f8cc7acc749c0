import type { z } from 'zod';
import type { Column, ColumnRules } from '../contract/column.js';
import { elementOf } from './array.js';
import { columnKind, timestampPrecision } from './column-kind.js';
import { layersOf } from './column-layers.js';
import { columnRules } from './column-rules.js';
import { columnSchema, wrapped } from './column-schema.js';
import { columnCodec, sidesOf } from './column-sides.js';
import { type ColumnHint, columnHints } from './column-types.js';
import { constantDefault } from './default-value.js';
import { assertDescription } from './description.js';
import { envelopeForm } from './envelope-form.js';
import { assertJson } from './json-schema.js';
import { type Naming, unchanged } from './naming.js';
import { classicSchema, definitionOf, unsupportedType } from './zod-definition.js';

/**
 * Derives a column from a Zod type.
 *
 * @param property - the name in TypeScript
 * @param naming - gives the name in the database to a column that declares none
 * @throws AshlarError `column-type-unsupported`; `table-invalid` for a default that changes or that the type refuses
 */
export function columnFromZod<Property extends string>(
  table: string,
  property: Property,
  declared: z.ZodType,
  naming: Naming = unchanged,
): Column<Property> {
  const where = `${table}.${property}`;
  const { inner, nullable, default: byDefault, hint, description } = layersOf(where, declared);
  assertDescription(table, description);
  const { stored, application, codec } = sidesOf(where, inner);
  const storedHint = { ...columnHints.get(stored), ...hint };
  const hinted = storedHint.kind;
  if (hinted === 'json') assertJson(where, stored);
  const kind = hinted ?? columnKind(where, stored);
  if (hint.generated === 'current' && kind !== 'timestamp' && kind !== 'date')
    throw unsupportedType(where, 'now() of another type', 'Use now(), now(z.iso.date()) or now(z.date()).');
  if (hint.generated === 'computed') assertComputed(where, hint, byDefault !== undefined);
  const storedType = classicSchema(where, stored);
  const name = hint.name ?? naming(property);
  const described: Column<Property> = {
    table,
    name,
    property,
    kind,
    nullable,
    rules:
      kind === 'decimal'
        ? boundsOf(storedHint)
        : columnRules(kind === 'bigint' ? integersOf(inner) : stored, kind),
    precision: timestampPrecision(stored),
    digits: kind === 'decimal' ? storedHint.digits : undefined,
    element: kind === 'array' ? elementOf(where, stored) : undefined,
    generated: hint.generated,
    expression: hint.expression,
    generate: hint.generate,
    touched: hint.touched ?? false,
    default: undefined,
    primaryKey: hint.primaryKey ?? false,
    ...(hint.native === undefined ? {} : { native: hint.native }),
    description: description || undefined,
    plaintext: undefined,
    codec: codec && columnCodec({ table, name, nullable, kind }, codec),
    stored: codec ? (nullable ? storedType.nullable() : storedType) : wrapped(where, declared, inner),
    schema: declared,
    declared,
  };
  const checked = {
    ...described,
    schema: columnSchema({ where, declared, application, codec, column: described }),
  };
  const column = { ...checked, default: constantDefault(checked, byDefault) };
  return hint.ciphertext ? ciphertextColumn(where, column) : column;
}

const assertComputed = (where: string, { ciphertext, primaryKey }: ColumnHint, hasDefault: boolean): void => {
  const what = ciphertext
    ? 'encrypted'
    : primaryKey
      ? 'a primary key'
      : hasDefault
        ? 'with a default'
        : undefined;
  if (what)
    throw unsupportedType(
      where,
      `computed() ${what}`,
      'Compute a plain value: computed(z.string(), "lower(email)").',
    );
};

const boundsOf = ({ least = '', most = '' }: ColumnHint): ColumnRules => ({ least, most });

// the bounds of a bigint are those of its type, and not of the text that is stored
const integersOf = (inner: z.core.$ZodType): z.core.$ZodType => {
  const def = definitionOf(inner);
  return def.type === 'pipe' ? integersOf(def.in) : inner;
};

const ciphertextColumn = <Property extends string>(
  where: string,
  plaintext: Column<Property>,
): Column<Property> => {
  const { generated, touched, primaryKey } = plaintext;
  if ((generated && generated !== 'function') || touched || primaryKey) {
    throw unsupportedType(
      where,
      'an encrypted value that the database or a clock generates',
      'Do not encrypt the column, or use a type whose values the program sets.',
    );
  }
  return {
    ...plaintext,
    kind: 'bytes',
    rules: envelopeForm,
    digits: undefined,
    element: undefined,
    // a default in the database would be plaintext; Zod fills it in
    default: undefined,
    codec: undefined,
    plaintext,
  };
};
