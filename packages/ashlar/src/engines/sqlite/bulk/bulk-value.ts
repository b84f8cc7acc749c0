import type { BulkColumn, BulkValue } from '../../../contract/bulk.js';
import type { ColumnKind } from '../../../contract/column.js';
import { heldArray } from '../../../model/array.js';
import { withPoint } from '../../../model/decimal.js';
import { identifier } from '../../../model/index.js';
import { unstorableEscape } from '../../../model/storable.js';
import { exactJson, mayBeInexact } from '../../exact-json.js';
import { jsonbText } from '../../json-text.js';

/** Why a stored value cannot be read for a move. Thrown, because it ends the reading of a value anywhere in its JSON. */
export class Unreadable extends Error {}

/** The largest value: COPY's text of bytes is twice as long, and PostgreSQL's limit is 1 GiB. */
const mostBytes = 268_435_456;
/** The hex digits of more bytes are no string: V8's longest has 2^29 − 24 characters. */
const mostBlob = 268_435_440;
const tooLarge = 'It is larger than 256 MiB.';

/** Converts a value that the driver read with {@link selected}. NULL is not passed. */
export type ReadValue = (value: unknown) => BulkValue;

const text: ReadValue = (value) => {
  if (typeof value !== 'string') throw new Unreadable('It is no text.');
  if (value.includes('\0')) throw new Unreadable('The text has a NUL character (U+0000).');
  return value;
};

const digits = /^-?\d+$/;

const whole: ReadValue = (value) => {
  if (typeof value !== 'string' || !digits.test(value)) throw new Unreadable('It is no integer.');
  return value;
};

const boolean: ReadValue = (value) => {
  if (value !== '0' && value !== '1') throw new Unreadable('A boolean is stored as 0 or 1.');
  return value;
};

const real: ReadValue = (value) => {
  if (typeof value !== 'number' && typeof value !== 'bigint') throw new Unreadable('It is no number.');
  // −0 is 0 on SQLite
  return Number(value) + 0;
};

const bytes: ReadValue = (value) => {
  if (!Buffer.isBuffer(value)) throw new Unreadable('It is no blob.');
  if (value.length > mostBlob) throw new Unreadable(tooLarge);
  return value.toString('hex');
};

const json: ReadValue = (value) => jsonbText(parsed(value));

const parsed = (value: unknown): unknown => {
  if (typeof value !== 'string') throw new Unreadable('JSON is stored as text.');
  let read: unknown;
  try {
    // a function for each value of the JSON makes the reading several times slower
    read = mayBeInfinite.test(value) ? JSON.parse(value, finite) : JSON.parse(value);
  } catch (error) {
    throw error instanceof Unreadable ? error : new Unreadable('The text is not JSON.');
  }
  if (value.includes('\\') && unstorableEscape(JSON.stringify(read)) !== undefined)
    throw new Unreadable('A text in the JSON has a NUL character (U+0000) or a lone surrogate.');
  return mayBeInexact(value) ? exactJson(value) : read;
};

// only an exponent or a number of hundreds of digits is beyond the range of a double
const mayBeInfinite = /\d[eE]\+?\d{3}|\d{300}/;

const finite = (_key: string, value: unknown): unknown => {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new Unreadable('A number in the JSON is beyond the range of a double.');
  return value;
};

const readers: Readonly<Record<ColumnKind, (column: BulkColumn) => ReadValue>> = {
  text: () => text,
  integer: () => whole,
  bigint: () => whole,
  decimal:
    ({ digits: form }) =>
    (value) =>
      withPoint(whole(value) as string, form?.scale ?? 0),
  real: () => real,
  boolean: () => boolean,
  uuid: () => text,
  timestamp: () => text,
  date: () => text,
  inet: () => text,
  json: () => json,
  array:
    ({ element }) =>
    (value) => {
      const held = element && heldArray(element, parsed(value));
      if (!held) throw new Unreadable('It is no array with elements of its column.');
      return jsonbText(held);
    },
  bytes: () => bytes,
};

const isWhole: ReadonlySet<ColumnKind> = new Set(['integer', 'bigint', 'decimal', 'boolean']);

/** Returns the SQL with which a column is read: integers as text, because a bigint for each takes several times as long. */
export function selected({ name, kind, source }: BulkColumn): string {
  if (source !== undefined) return source;
  const column = identifier(name);
  return isWhole.has(kind)
    ? `iif(typeof(${column}) = 'integer', CAST(${column} AS TEXT), ${column})`
    : column;
}

/** Returns the function that reads the values of a column. It throws {@link Unreadable}. */
export function readValueOf(column: BulkColumn): ReadValue {
  const read = readers[column.kind](column);
  return (value) => {
    const found = read(value);
    if (typeof found === 'string' && column.kind !== 'bytes' && found.length > mostBytes)
      throw new Unreadable(tooLarge);
    return found;
  };
}
