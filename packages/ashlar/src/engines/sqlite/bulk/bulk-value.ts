import type { BulkValue } from '../../../contract/bulk.js';
import type { Column } from '../../../contract/column.js';
import { heldArray } from '../../../model/array.js';
import { decimalText } from '../../../model/decimal.js';
import { unstorableEscape } from '../../../model/storable.js';
import { jsonbText } from '../../json-text.js';

/** Why a stored value cannot be read for a move. Thrown, because it ends the reading of a value anywhere in its JSON. */
export class Unreadable extends Error {}

/** The largest value: COPY's text of bytes is twice as long, and PostgreSQL's limit is 1 GiB. */
const mostBytes = 268_435_456;

/** Converts a value that the driver read, with every integer as a bigint. NULL is not passed. */
export type ReadValue = (value: unknown) => BulkValue;

const text: ReadValue = (value) => {
  if (typeof value !== 'string') throw new Unreadable('It is no text.');
  if (value.includes('\0')) throw new Unreadable('The text has a NUL character (U+0000).');
  return value;
};

const whole: ReadValue = (value) => {
  if (typeof value !== 'bigint') throw new Unreadable('It is no integer.');
  return String(value);
};

const boolean: ReadValue = (value) => {
  if (value !== 0n && value !== 1n) throw new Unreadable('A boolean is stored as 0 or 1.');
  return String(value);
};

const real: ReadValue = (value) => {
  if (typeof value !== 'number' && typeof value !== 'bigint') throw new Unreadable('It is no number.');
  // −0 is 0 on SQLite
  return Number(value) + 0;
};

const bytes: ReadValue = (value) => {
  if (!Buffer.isBuffer(value)) throw new Unreadable('It is no blob.');
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
  return read;
};

// only an exponent or a number of hundreds of digits is beyond the range of a double
const mayBeInfinite = /\d[eE]\+?\d{3}|\d{300}/;

const finite = (_key: string, value: unknown): unknown => {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new Unreadable('A number in the JSON is beyond the range of a double.');
  return value;
};

const readers: Readonly<Record<Column['kind'], (column: Column) => ReadValue>> = {
  text: () => text,
  integer: () => whole,
  bigint: () => whole,
  decimal: ({ digits }) => {
    const scale = digits?.scale ?? 0;
    return (value) => {
      if (typeof value !== 'bigint') throw new Unreadable('It is no integer.');
      return decimalText(value, scale);
    };
  },
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

/** Returns the function that reads the values of a column. It throws {@link Unreadable}. */
export function readValueOf(column: Column): ReadValue {
  const read = readers[column.kind](column);
  return (value) => {
    const found = read(value);
    if (typeof found === 'string' && found.length > mostBytes)
      throw new Unreadable('It is larger than 256 MiB.');
    return found;
  };
}
