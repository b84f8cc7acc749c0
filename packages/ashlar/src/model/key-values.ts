import { z } from 'zod';
import type { Column } from '../contract/column.js';
import type { TableFacts } from '../contract/table.js';
import { AshlarError } from '../errors.js';
import { assertTable } from './assert-table.js';
import { layersOf } from './column-layers.js';
import { isCanonicalAddress } from './column-types.js';
import { uuidForm } from './conversions.js';
import { refusedColumnValue } from './refused-value.js';
import { storageProblem } from './storable.js';
import { checksOf } from './zod-definition.js';

type Values = Readonly<Record<string, unknown>>;

// a bigint has a codec, and JSON, arrays and bytes are looked at one by one
const javascriptTypes: Readonly<Record<Column['kind'], 'string' | 'number' | 'boolean' | undefined>> = {
  text: 'string',
  uuid: 'string',
  timestamp: 'string',
  date: 'string',
  inet: 'string',
  decimal: 'string',
  integer: 'number',
  real: 'number',
  boolean: 'boolean',
  bigint: undefined,
  json: undefined,
  array: undefined,
  bytes: undefined,
};

// what the database's type of a column can hold, apart from the column's rules and what cannot be stored
const forms: Readonly<Record<Column['kind'], z.ZodType | undefined>> = {
  uuid: undefined,
  timestamp: z.iso.datetime(),
  date: z.iso.date(),
  inet: z.string().refine(isCanonicalAddress),
  integer: z.int(),
  real: z.number(),
  text: undefined,
  bigint: undefined,
  // its digits are looked at with what cannot be stored
  decimal: undefined,
  boolean: undefined,
  json: undefined,
  // its elements are looked at with what cannot be stored
  array: undefined,
  bytes: undefined,
};

const keepsRules = ({ rules }: Column, value: unknown): boolean => {
  if (rules.oneOf && !rules.oneOf.includes(value as never)) return false;
  if (typeof value !== 'number') return true;
  return value >= (rules.minimum ?? value) && value <= (rules.maximum ?? value);
};

/** A value, in the application's form, that a row can have. */
export interface HeldValue {
  readonly value: unknown;
}

const wrongType = (column: Column, value: unknown): AshlarError => {
  const expected = javascriptTypes[column.kind] ?? 'value of another type';
  const given = value === null ? 'null' : typeof value;
  const message = column.codec
    ? 'the type of the column refuses this value'
    : `expected a ${expected}, received ${given}`;
  return refusedColumnValue(column, [{ code: 'custom', path: [], message }], value);
};

type Conversion = (value: never) => unknown;

const conversions = new WeakMap<Column, readonly Conversion[]>();

const conversionsOf = (column: Column): readonly Conversion[] => {
  const known = conversions.get(column);
  if (known) return known;
  const { inner } = layersOf(`${column.table}.${column.name}`, column.stored);
  const found = checksOf(inner).flatMap((check) => (check.check === 'overwrite' ? [check.tx] : []));
  conversions.set(column, found);
  return found;
};

const hasForm = (column: Column, value: unknown): boolean =>
  column.kind === 'uuid'
    ? uuidForm.test(value as string)
    : (forms[column.kind]?.safeParse(value).success ?? true) && storageProblem(column, value) === undefined;

// an insert converts the value in the same way: z.string().toLowerCase(), .trim()
const converted = (column: Column, value: unknown): unknown =>
  conversionsOf(column).reduce<unknown>((given, convert) => convert(given as never), value);

/**
 * Returns a value, in the application's form, as the type of a column converts it, if the database's type of the column
 * can hold it.
 *
 * @returns `undefined` for a value that no row can have, such as `'nope'` for a UUID
 * @throws AshlarError `value-invalid` for a value of a wrong JavaScript type
 */
export function heldValue(column: Column, given: unknown): HeldValue | undefined {
  if (column.codec) {
    const { data, error } = column.schema.safeParse(given);
    if (error?.issues.some(({ code }) => code === 'invalid_type')) throw wrongType(column, given);
    return error ? undefined : { value: data };
  }
  const expected = javascriptTypes[column.kind];
  const fits =
    column.kind === 'bytes'
      ? given instanceof Uint8Array
      : column.kind === 'array'
        ? Array.isArray(given)
        : expected === undefined || typeof given === expected;
  if (!fits) throw wrongType(column, given);
  const value = converted(column, given);
  const possible = hasForm(column, value) && keepsRules(column, value);
  return possible ? { value } : undefined;
}

const keys = new WeakMap<TableFacts, readonly Column[]>();

const keyColumns = (table: TableFacts): readonly Column[] => {
  let columns = keys.get(table);
  if (!columns) {
    columns = table.primaryKey.columns.map((name) => table.columns[name] as Column);
    keys.set(table, columns);
  }
  return columns;
};

/**
 * Converts a primary key to the values of its columns by their properties, in the application's form.
 *
 * @param key - the value of the key's column, or an object with a value for each column if there are several
 * @returns `undefined` for a key that no row can have, such as `'nope'` for a UUID: the database is not asked
 * @throws AshlarError `usage` when a column of the key is missing, and for a value that is no table; `value-invalid` for a value of a wrong JavaScript
 *   type
 */
export function keyValues(table: TableFacts, key: unknown): Values | undefined {
  assertTable(table);
  const parts = keyColumns(table);
  const [first, second] = parts;
  if (first && !second && key !== undefined && key !== null) {
    const part = heldValue(first, key);
    return part && { [first.property]: part.value };
  }
  const columns = parts.map(({ property }) => property);
  const [only = ''] = columns;
  const given: Values =
    columns.length === 1 ? { [only]: key } : typeof key === 'object' && key !== null ? (key as Values) : {};
  const missing = columns.filter((name) => given[name] === undefined || given[name] === null);
  if (missing.length > 0) {
    throw new AshlarError('usage', {
      message: `The key of ${table.name} lacks ${missing.join(', ')}.`,
      suggestion: columns.length === 1 ? `Pass a value of ${only}.` : `Pass { ${columns.join(', ')} }.`,
    });
  }
  const values: Record<string, unknown> = {};
  let possible = true;
  // every column is looked at: a wrong type is an error, also beside a value that no row has
  for (const column of parts) {
    const { property } = column;
    const part = heldValue(column, given[property]);
    if (part) values[property] = part.value;
    else possible = false;
  }
  return possible ? values : undefined;
}
