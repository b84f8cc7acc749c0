import type { BulkTable } from '../../../contract/bulk.js';
import type { Column, ColumnKind } from '../../../contract/column.js';
import { identifier } from '../../../model/index.js';
import { address, arrayJson, utc } from '../../../sql/postgres-row-json.js';
import { fieldSeparator } from '../../bulk/row-sum.js';

const asText = (value: string): string => `${value}::text`;

/** The text of a value that `BulkValue` has, or for a real the one that its sum has. */
const forms: Readonly<Record<ColumnKind, (value: string, column: Column) => string>> = {
  text: (value) => value,
  integer: asText,
  bigint: asText,
  decimal: asText,
  real: (value) => `encode(float8send(${value}), 'hex')`,
  boolean: (value) => `${value}::int::text`,
  uuid: asText,
  timestamp: (value, { precision }) => utc(value, precision),
  date: (value) => `to_char(${value}::timestamp, 'YYYY-MM-DD')`,
  inet: address,
  json: asText,
  array: (value, { element }) => `(${arrayJson(value, element)})::text`,
  bytes: (value) => `encode(${value}, 'hex')`,
};

const field = (column: Column): string => {
  const name = identifier(column.name);
  return `CASE WHEN ${name} IS NULL THEN '-' ELSE '+' || ${forms[column.kind](name, column)} END`;
};

/** Returns the query of the number of rows of a table and the sum of their hashes (`RowSum`), not yet modulo 2^64. */
export function checksumSql({ name, columns }: BulkTable): string {
  const line = columns.map(field).join(` || '${fieldSeparator}' || `);
  const number = `('x' || encode(substr(sha256(convert_to(${line}, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint`;
  return `SELECT count(*) AS rows, coalesce(sum(${number}::numeric), 0)::text AS sum FROM ${identifier(name)}`;
}
