import { fieldSeparator, nullField } from './row-line.js';

/** The options of COPY with which it reads what {@link copyText} writes. */
export const copyOptions = `(DELIMITER E'\\x${fieldSeparator.charCodeAt(0).toString(16)}', NULL '${nullField}')`;

const breaks = /[\n\r]/;

/**
 * Returns the lines of rows in the text form of COPY.
 * https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.2
 */
export function copyText(lines: readonly string[]): Buffer {
  let text = '';
  for (const line of lines)
    text += `${breaks.test(line) ? line.replaceAll('\n', '\\n').replaceAll('\r', '\\r') : line}\n`;
  return Buffer.from(text);
}
