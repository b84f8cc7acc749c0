import type { BulkColumn } from '../../../contract/bulk.js';
import type { ColumnKind } from '../../../contract/column.js';
import { identifier } from '../../../model/index.js';
import { address, utc } from '../../../sql/postgres-row-json.js';

const asText = (value: string): string => `${value}::text`;

/** The text of a value: that of `BulkValue`; for a real its digits. */
const forms: Readonly<Record<ColumnKind, (value: string, column: BulkColumn) => string>> = {
  // an expression, so that the codec of the column does not decode it
  text: (value, { isBytesOnPostgres }) =>
    isBytesOnPostgres ? `convert_from(${value}, 'UTF8')` : `coalesce(${value}, NULL)`,
  integer: asText,
  bigint: asText,
  decimal: asText,
  // +0 for −0
  real: (value) => `(${value} + 0)::text`,
  boolean: (value) => `${value}::int::text`,
  uuid: asText,
  timestamp: (value, { precision }) => utc(value, precision),
  date: (value) => `to_char(${value}::timestamp, 'YYYY-MM-DD')`,
  inet: address,
  json: asText,
  bytes: (value) => `encode(${value}, 'hex')`,
};

/** Returns SQL for the text of a column's values, NULL for NULL. */
export function valueSql(column: BulkColumn): string {
  return forms[column.kind](column.source ?? identifier(column.name), column);
}
