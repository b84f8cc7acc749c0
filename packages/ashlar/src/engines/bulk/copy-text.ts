import type { BulkRow, BulkValue } from '../../contract/bulk.js';
import type { Column } from '../../contract/column.js';
import { arrayLiteral } from '../array-literal.js';

const special = /[\\\t\n\r]/;
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

const escaped = (text: string): string =>
  special.test(text) ? text.replace(/[\\\t\n\r]/g, (found) => escapes[found] as string) : text;

const field = (kind: Column['kind'], value: BulkValue): string => {
  if (value === null) return '\\N';
  if (typeof value === 'number') return String(value);
  if (kind === 'array') return escaped(arrayLiteral(JSON.parse(value) as unknown[]));
  return kind === 'bytes' ? `\\\\x${value}` : escaped(value);
};

/**
 * Returns rows in the text form of COPY.
 * https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.2
 */
export function copyText(columns: readonly Pick<Column, 'kind'>[], rows: readonly BulkRow[]): Buffer {
  const kinds = columns.map(({ kind }) => kind);
  let text = '';
  for (const row of rows) {
    for (let at = 0; at < row.length; at++)
      text += `${at === 0 ? '' : '\t'}${field(kinds[at] as Column['kind'], row[at] as BulkValue)}`;
    text += '\n';
  }
  return Buffer.from(text);
}
