import type { BulkColumn, BulkTable } from '../../../contract/bulk.js';
import { identifier, literal } from '../../../model/index.js';
import { bytesPrefix, fieldSeparator, nullField } from '../../bulk/row-line.js';
import { valueSql } from './value-sql.js';

const separator = literal(fieldSeparator);

const escaped = (value: string, backslash: string): string =>
  `replace(replace(${value}, '\\', ${literal(backslash)}), ${separator}, ${literal(`\\${fieldSeparator}`)})`;

/** The field of a column in the line of a row (`engines/bulk/row-line.ts`). */
const field = (column: BulkColumn): string => {
  const value = valueSql(column);
  if (column.isBytesOnPostgres) return escaped(value, '\\\\\\\\');
  if (column.kind === 'text' || column.kind === 'json') return escaped(value, '\\\\');
  // its bytes: programs write a real with other digits
  if (column.kind === 'real') return `encode(float8send(${value}::float8), 'hex')`;
  return column.kind === 'bytes' ? `${literal(bytesPrefix)} || ${value}` : value;
};

/** Returns the query of the number of rows of a table and the sum of their hashes (`RowSum`), not yet modulo 2^64. */
export function checksumSql({ name, columns }: BulkTable): string {
  const fields = columns.map((column) => `coalesce(${field(column)}, ${literal(nullField)})`);
  const line = fields.join(` || ${separator} || `);
  const number = `('x' || encode(substr(sha256(convert_to(${line}, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint`;
  return `SELECT count(*) AS rows, coalesce(sum(${number}::numeric), 0)::text AS sum FROM ${identifier(name)}`;
}
