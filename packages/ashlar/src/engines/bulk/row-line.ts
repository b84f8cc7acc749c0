import type { BulkColumn, BulkRow } from '../../contract/bulk.js';
import { arrayLiteral } from '../array-literal.js';
import { exactJson } from '../exact-json.js';

/** Between the fields of a row's line: a control character that hardly any text has. */
export const fieldSeparator = '\u001f';

/** The field of a NULL. No value is the same, because a backslash in a value is doubled. */
export const nullField = '\\N';

/** Before the digits of bytes. */
export const bytesPrefix = '\\\\x';

// biome-ignore lint/suspicious/noControlCharactersInRegex: the separator is one
const special = /[\\\u001f]/;

const escaped = (text: string): string =>
  special.test(text) ? text.replaceAll('\\', '\\\\').replaceAll(fieldSeparator, `\\${fieldSeparator}`) : text;

// PostgreSQL reads a backslash in the text form of bytes, too
const escapedTwice = (text: string): string =>
  special.test(text)
    ? text.replaceAll('\\', '\\\\\\\\').replaceAll(fieldSeparator, `\\${fieldSeparator}`)
    : text;

const real = new DataView(new ArrayBuffer(8));

/** The 8 bytes of a real: two programs can write it with other digits. */
const realHex = (value: string | number): string => {
  real.setFloat64(0, value as number);
  return real.getBigUint64(0).toString(16).padStart(16, '0');
};

const literalOf = (value: string | number): string =>
  escaped(arrayLiteral((exactJson(value as string) as unknown[]).map(digitsOf)));

// of `exactJson`: a number that no double holds
const digitsOf = (element: unknown): unknown =>
  typeof element === 'string' && element.startsWith('\0') ? element.slice(1) : element;

/** Returns the function that writes a value, which is not NULL, as a field of a line for the checksum. */
export function fieldWriter(column: BulkColumn): (value: string | number) => string {
  return fieldOf(column, false);
}

/** Returns the function that writes a value, which is not NULL, as a field of a line: for COPY, or for the checksum. */
function fieldOf({ kind, isBytesOnPostgres }: BulkColumn, isCopied: boolean): typeof realHex {
  if (isBytesOnPostgres) return (value) => escapedTwice(value as string);
  if (kind === 'bytes') return (value) => `${bytesPrefix}${value}`;
  if (kind === 'real') return isCopied ? String : realHex;
  if (kind === 'array' && isCopied) return literalOf;
  return (value) => escaped(value as string);
}

/**
 * Returns the function that writes a row as a line: the form in which COPY reads it, with the separator as its delimiter, but
 * with the line breaks of texts as they are, reals as their bytes, and arrays as JSON. The checksum of a row is that of its line.
 */
export function lineWriter(columns: readonly BulkColumn[]): (row: BulkRow) => string {
  return writerOf(columns.map(fieldWriter));
}

/** Returns the function that writes a row as a line for COPY, if that is another line; `undefined` if it is the same. */
export function copyLineWriter(columns: readonly BulkColumn[]): ((row: BulkRow) => string) | undefined {
  return columns.some(({ kind }) => kind === 'real' || kind === 'array')
    ? writerOf(columns.map((column) => fieldOf(column, true)))
    : undefined;
}

const writerOf =
  (fields: readonly (typeof realHex)[]) =>
  (row: BulkRow): string => {
    let line = '';
    for (let at = 0; at < fields.length; at++) {
      const value = row[at] as BulkRow[number];
      if (at > 0) line += fieldSeparator;
      line += value === null ? nullField : (fields[at] as typeof realHex)(value);
    }
    return line;
  };
