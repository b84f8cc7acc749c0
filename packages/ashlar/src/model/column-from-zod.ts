import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import type { Column, DefaultValue } from '../contract/column.js';
import { columnKind, timestampPrecision } from './column-kind.js';
import { columnRules } from './column-rules.js';
import { type ColumnHint, columnHints } from './column-types.js';
import { envelopeForm } from './envelope-form.js';
import { assertJson } from './json-schema.js';
import { classicSchema, definitionOf, unsupportedType } from './zod-definition.js';

/**
 * Derives a column from a Zod type.
 *
 * @throws AshlarError `column-type-unsupported`
 */
export function columnFromZod(table: string, name: string, declared: z.ZodType): Column {
  const where = `${table}.${name}`;
  const unwrapped = unwrap(where, declared);
  const { inner, nullable, hint } = unwrapped;
  if (hint.kind === 'json') assertJson(where, inner);
  const kind = hint.kind ?? columnKind(where, inner);
  const column: Column = {
    table,
    name,
    kind,
    nullable,
    rules: columnRules(inner, kind),
    precision: timestampPrecision(inner),
    generated: hint.generated,
    touched: hint.touched ?? false,
    default: constantDefault(declared, unwrapped),
    primaryKey: hint.primaryKey ?? false,
    plaintext: undefined,
    stored: withoutDefault(where, declared),
    declared,
  };
  return hint.ciphertext ? ciphertextColumn(where, column) : column;
}

interface Unwrapped {
  readonly inner: z.core.$ZodType;
  readonly nullable: boolean;
  readonly hasDefault: boolean;
  readonly default: unknown;
  readonly hint: ColumnHint;
}

const unwrap = (where: string, declared: z.core.$ZodType): Unwrapped => {
  let schema = declared;
  let nullable = false;
  let hasDefault = false;
  let value: unknown;
  let hint: ColumnHint = {};
  for (;;) {
    hint = { ...columnHints.get(schema), ...hint };
    const def = definitionOf(schema);
    const wraps = def.type === 'nullable' || def.type === 'default' || def.type === 'readonly';
    if (hint.kind === 'json' && def.type === 'readonly') break;
    if (def.type === 'optional' && hint.kind !== 'json') {
      throw unsupportedType(
        where,
        '.optional()',
        'A column cannot be undefined: replace .optional() with .nullable() or .default(value).',
      );
    }
    if (!wraps) break;
    if (def.type === 'nullable') nullable = true;
    if (def.type === 'default') {
      hasDefault = true;
      value = def.defaultValue;
    }
    schema = def.innerType;
  }
  return { inner: schema, nullable, hasDefault, default: value, hint };
};

const constantDefault = (schema: z.ZodType, unwrapped: Unwrapped): DefaultValue | undefined => {
  if (!unwrapped.hasDefault) return undefined;
  const first = unwrapped.default;
  const again = unwrap('', schema).default;
  // a default given as a function is computed on each access; a database can only have a constant one
  return isDeepStrictEqual(first, again) ? (first as DefaultValue) : undefined;
};

const withoutDefault = (where: string, schema: z.core.$ZodType): z.ZodType => {
  const def = definitionOf(schema);
  if (def.type === 'default') return withoutDefault(where, def.innerType);
  if (def.type === 'nullable') {
    const inner = withoutDefault(where, def.innerType);
    if (inner !== def.innerType) return inner.nullable();
  }
  return classicSchema(where, schema);
};

const ciphertextColumn = (where: string, plaintext: Column): Column => {
  if (plaintext.generated || plaintext.touched || plaintext.primaryKey) {
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
    // a default in the database would be plaintext; Zod fills it in
    default: undefined,
    plaintext,
  };
};
