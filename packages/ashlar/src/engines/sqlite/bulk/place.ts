import type { Place } from '../../../contract/bulk.js';
import { identifier } from '../../../model/index.js';
import type { DriverDatabase } from '../driver/driver.js';
import { rowidName } from '../rowid.js';

interface TableLine {
  readonly wr: number;
  readonly strict: number;
}

interface ColumnLine {
  readonly name: string;
  readonly pk: number;
}

/**
 * Returns the expressions by which the rows of a table are read in order: its hidden number, or its primary key where it has
 * none.
 */
export function placeColumns(database: DriverDatabase, table: string): readonly string[] {
  const columns = database.pragma(`table_xinfo(${identifier(table)})`) as readonly ColumnLine[];
  const [line] = database.pragma(`table_list(${identifier(table)})`) as readonly TableLine[];
  const rowid = line?.wr === 1 ? undefined : rowidName(columns.map(({ name }) => name));
  if (rowid !== undefined) return [rowid];
  return columns
    .filter(({ pk }) => pk > 0)
    .sort((a, b) => a.pk - b.pk)
    .map(({ name }) => identifier(name));
}

/** Returns whether each value of a table has the type of its column. */
export function isStrict(database: DriverDatabase, table: string): boolean {
  const [line] = database.pragma(`table_list(${identifier(table)})`) as readonly TableLine[];
  return line?.strict === 1;
}

type Part =
  | readonly ['integer', string]
  | readonly ['bytes', string]
  | readonly ['other', string | number | null];

const partOf = (value: unknown): Part => {
  if (typeof value === 'bigint') return ['integer', String(value)];
  if (Buffer.isBuffer(value)) return ['bytes', value.toString('hex')];
  return ['other', value as string | number | null];
};

const partValue = ([form, value]: Part): unknown => {
  if (form === 'integer') return BigInt(value);
  return form === 'bytes' ? Buffer.from(value, 'hex') : value;
};

/** Returns the values of a key as a place. */
export function encodePlace(key: readonly unknown[]): Place {
  return JSON.stringify(key.map(partOf));
}

/** Returns the values of the key of a place. */
export function decodePlace(place: Place): readonly unknown[] {
  return (JSON.parse(place) as readonly Part[]).map(partValue);
}
