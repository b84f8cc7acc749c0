import { isIP } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { Column } from '../contract/column.js';
import type { StoredRow } from '../contract/ledger.js';
import type { SqlName } from '../contract/sql.js';
import type { TableFacts } from '../contract/table.js';
import { canonicalAddress, isBigintText, writtenColumns } from '../model/index.js';
import type { Entry } from './entry.js';
import { memberTexts, sameJsonText } from './json-tokens.js';
import { fromUtf8 } from './text.js';

type Values = Readonly<Record<string, unknown>>;

/** The name of a column in an entry: its current or its former name. */
const nameIn = (table: TableFacts, column: Column, row: Values): string => {
  const before = table.renames[column.name];
  return column.name in row || before === undefined ? column.name : before;
};

/** The value of a column in an entry; `undefined` where it has none. */
const recorded = (table: TableFacts, column: Column, row: Values): unknown => {
  const name = nameIn(table, column, row);
  return Object.hasOwn(row, name) ? row[name] : undefined;
};

/** A stored value in the form that entries have. */
const actual = (column: Column, value: unknown): unknown => {
  if (value === null || value === undefined) return undefined;
  switch (column.kind) {
    case 'boolean':
      return value === 1 ? true : value === 0 ? false : value;
    case 'json':
      return parsed(String(value));
    default:
      return value;
  }
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return Symbol('not JSON');
  }
};

const expected = (column: Column, value: unknown): unknown => {
  if (column.kind === 'inet' && typeof value === 'string') return canonicalAddress(value);
  // the entry is older than the change of the column from integers
  return column.kind === 'bigint' && Number.isSafeInteger(value) ? String(value) : value;
};

// an entry leaves out values that were NULL, and columns that were added later: those are NULL now, or their default
const wasLeftOut = (column: Column, value: unknown): boolean => {
  if (value === undefined) return true;
  return !column.nullable && column.default !== undefined && isDeepStrictEqual(value, column.default);
};

/** An entry with its bytes, and the kind of database from which it is read. */
export interface StoredEntry {
  readonly entry: Entry;
  readonly bytes: Uint8Array;
  readonly dialect: SqlName;
}

/** PostgreSQL makes salts that are UUIDs, SQLite plain hex. */
const isForeign = ({ entry, dialect }: StoredEntry): boolean =>
  entry.salt.includes('-') !== (dialect === 'postgres');

/**
 * Finds the first column in which a row differs from its ledger entry; `undefined` if the row matches. Entries leave out what
 * the database computes: another expression would look like tampering.
 */
export function firstDifference(table: TableFacts, stored: StoredEntry, row: StoredRow): string | undefined {
  const { entry, bytes } = stored;
  let texts: ReadonlyMap<string, string> | undefined;
  return writtenColumns(table).find((column) => {
    const value = actual(column, row[column.name]);
    const wanted = expected(column, recorded(table, column, entry.row));
    if (wanted === undefined) return !wasLeftOut(column, value);
    if (column.kind === 'json' && !isForeign(stored)) {
      // a number is read as a double, and of two members with one name the last: the texts say more than the values
      texts ??= memberTexts(fromUtf8(bytes) ?? '');
      const text = texts.get(nameIn(table, column, entry.row));
      return (
        value === undefined ||
        typeof value === 'symbol' ||
        text === undefined ||
        !sameJsonText(text, String(row[column.name]))
      );
    }
    return typeof wanted === 'object' ? !isDeepStrictEqual(value, wanted) : value !== wanted;
  })?.name;
}

const micros = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})(\d{3})Z$/;

/** A time of six digits, rounded to three as PostgreSQL rounds stored times. */
const toMillis = (at: string): string | undefined => {
  const [, whole, rest] = micros.exec(at) ?? [];
  const time = Date.parse(`${whole}Z`) + (Number(rest) >= 500 ? 1 : 0);
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
};

/**
 * Finds the first column of an entry that should hold the time of the insert but holds a different time; `undefined`
 * if there is none.
 */
export function firstBackdated(table: TableFacts, entry: Entry): string | undefined {
  return Object.values(table.columns).find((column) => {
    // the entry of a row that is older than the ledger has no time
    if (entry.at === '' || column.generated !== 'now' || column.touched) return false;
    const value = recorded(table, column, entry.row);
    return value !== undefined && value !== (column.precision === 6 ? entry.at : toMillis(entry.at));
  })?.name;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.isWellFormed() && !value.includes('\0');
const isDay = (text: string): boolean => {
  const day = text.slice(0, 10);
  const time = Date.parse(day);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
};

// a value that the database would refuse in a query cannot be the key of a row
const isKeyValue = ({ kind }: Column, value: unknown): boolean => {
  if (kind === 'integer') return Number.isSafeInteger(value);
  if (kind === 'bigint') return isBigintText(value) || Number.isSafeInteger(value);
  if (!isText(value)) return false;
  switch (kind) {
    case 'uuid':
      return uuid.test(value);
    case 'inet':
      return isIP(value) !== 0;
    case 'date':
      return /^\d{4}-\d\d-\d\d$/.test(value) && isDay(value);
    case 'timestamp':
      return /^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.(\d{3}){1,2}Z$/.test(value) && isDay(value);
    default:
      return true;
  }
};

/**
 * Reads the primary key from the row in an entry; `undefined` if it differs from `rowKey`, under which the entry is
 * stored.
 */
export function keyOfEntry(table: TableFacts, entry: Entry, rowKey: string): readonly unknown[] | undefined {
  const columns = table.primaryKey.columns.flatMap((name) => table.columns[name] ?? []);
  const values = columns.map((column) => recorded(table, column, entry.row));
  return isKey(table, values) && rowKeyOf(values) === rowKey ? values : undefined;
}

/** Whether values can be the primary key of a row: the database would refuse a query for others. */
export function isKey(table: TableFacts, values: readonly unknown[]): boolean {
  const columns = table.primaryKey.columns.flatMap((name) => table.columns[name] ?? []);
  return columns.every((column, at) => isKeyValue(column, values[at]));
}

/** Returns the key of a row as text: its one value, or a JSON array of several values. */
export function rowKeyOf(values: readonly unknown[]): string {
  return values.length === 1 ? String(values[0]) : JSON.stringify(values);
}
