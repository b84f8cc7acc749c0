import type { z } from 'zod';
import type { ColumnKind } from '../contract/column.js';
import { assertJson, isJson } from './json-schema.js';
import {
  checksOf,
  type Definition,
  definitionOf,
  enumValues,
  formatOf,
  unsupportedType,
} from './zod-definition.js';

const stringKinds: Partial<Record<string, ColumnKind>> = {
  uuid: 'uuid',
  guid: 'uuid',
  datetime: 'timestamp',
  date: 'date',
  ipv4: 'inet',
};

/**
 * Returns the kind of column that stores the values of a Zod type.
 *
 * @param where - the column in messages: `table.column`
 * @throws AshlarError `column-type-unsupported`
 */
export function columnKind(where: string, schema: z.core.$ZodType): ColumnKind {
  const def = definitionOf(schema);
  switch (def.type) {
    case 'string':
      return stringKind(where, def);
    case 'template_literal':
      return 'text';
    case 'number':
      return numberKind(schema, def);
    case 'boolean':
      return 'boolean';
    case 'enum':
      return choiceKind(where, enumValues(def));
    case 'literal':
      return choiceKind(where, def.values);
    case 'union':
      assertJson(where, schema);
      assertNoScalars(where, def.options);
      return 'json';
    case 'object':
    case 'array':
    case 'record':
    case 'tuple':
    case 'lazy':
    case 'intersection':
      assertJson(where, schema);
      return 'json';
    case 'date':
      throw unsupportedType(
        where,
        'z.date()',
        'Use z.date() as the type of a column, and z.iso.datetime() within JSON or as the stored side of a codec.',
      );
    default:
      throw unsupportedType(
        where,
        `z.${def.type}()`,
        `Use a type whose values can be stored unchanged${isJson(where, schema) ? ', or json(…)' : ''}.`,
      );
  }
}

type Scalar = 'strings' | 'numbers' | 'booleans' | 'null';

const scalars: Partial<Record<string, Scalar>> = {
  string: 'strings',
  number: 'numbers',
  boolean: 'booleans',
  null: 'null',
};

/** Returns the types of JavaScript that a Zod type's values have; `undefined` for one that is no scalar. */
const scalarsOf = (schema: z.core.$ZodType): readonly (Scalar | undefined)[] => {
  const def = definitionOf(schema);
  switch (def.type) {
    case 'union':
      return def.options.flatMap(scalarsOf);
    case 'nullable':
      return ['null', ...scalarsOf(def.innerType)];
    case 'readonly':
      return scalarsOf(def.innerType);
    case 'enum':
      return enumValues(def).map((value) => scalars[typeof value]);
    case 'literal':
      return def.values.map((value) => scalars[value === null ? 'null' : typeof value]);
    case 'template_literal':
      return ['strings'];
    default:
      return [scalars[def.type]];
  }
};

const instead: Readonly<Record<Scalar, string>> = {
  strings: "z.enum(['a', 'b']) for a choice, z.string() with .refine() otherwise",
  numbers: 'z.literal([1, 2]) for a choice of integers, z.number() with .refine() otherwise',
  booleans: 'z.boolean()',
  null: 'another type',
};

// as JSON, 'a' would be stored as '"a"', and compared and sorted as JSON
const assertNoScalars = (where: string, options: readonly z.core.$ZodType[]): void => {
  const found = new Set(options.flatMap(scalarsOf));
  const nullable = found.delete('null');
  if (found.size > 1) return;
  const [only] = found.size === 0 ? (['null'] as const) : found;
  if (!only) return;
  throw unsupportedType(
    where,
    `a union of ${only}`,
    `Use ${instead[only]}${nullable && only !== 'null' ? ', and .nullable()' : ''}; json(…) keeps it as JSON.`,
  );
};

/** Returns the number of fractional digits of the seconds in a timestamp type; 3 for every other type. */
export function timestampPrecision(schema: z.core.$ZodType): 3 | 6 {
  const def = definitionOf(schema);
  return def.type === 'string' && 'offset' in def && def.precision === 6 ? 6 : 3;
}

const stringKind = (where: string, def: Extract<Definition, { type: 'string' }>): ColumnKind => {
  const format = formatOf(def);
  if (format === 'ipv6') {
    throw unsupportedType(
      where,
      'z.ipv6()',
      'Use inet(): an IPv6 address can be written in several ways, and inet() accepts only the canonical one.',
    );
  }
  if ('offset' in def) assertUtc(where, def);
  return stringKinds[format ?? ''] ?? 'text';
};

const assertUtc = (
  where: string,
  { offset, local, precision }: Pick<z.core.$ZodISODateTimeDef, 'offset' | 'local' | 'precision'>,
): void => {
  if (offset || local) {
    throw unsupportedType(
      where,
      'a time that is not in UTC',
      'Use timestamp(); store a time zone in a separate column.',
    );
  }
  if (precision !== undefined && precision !== null && precision !== 3 && precision !== 6) {
    throw unsupportedType(
      where,
      `a time with ${precision} fractional digits`,
      'Use precision 3 (milliseconds) or 6 (microseconds).',
    );
  }
};

const integerFormats = new Set<string | undefined>(['safeint', 'int32', 'uint32']);

const numberKind = (schema: z.core.$ZodType, def: Definition): ColumnKind => {
  const formats = [
    formatOf(def),
    ...checksOf(schema).map((check) => ('format' in check ? check.format : undefined)),
  ];
  return formats.some((format) => integerFormats.has(format)) ? 'integer' : 'real';
};

const choiceKind = (where: string, values: readonly unknown[]): ColumnKind => {
  const types = new Set(values.map((value) => typeof value));
  if (types.size === 1 && types.has('string')) return 'text';
  if (types.size === 1 && types.has('number') && values.every(Number.isSafeInteger)) return 'integer';
  throw unsupportedType(
    where,
    'a set of values that are neither all strings nor all integers',
    'Use only strings, or only integers, or json(…).',
  );
};
