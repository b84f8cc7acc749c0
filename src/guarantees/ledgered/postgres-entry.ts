import { type Column, type ColumnKind, identifier, literal, type Table } from '../../table/index.js';
import { address, utc } from '../shared/row-json-postgres.js';
import { keyColumns } from './names.js';

/** The types of PostgreSQL that keys of a ledger have. */
export const keyTypes: Partial<Record<ColumnKind, string>> = {
  text: 'text',
  integer: 'bigint',
  uuid: 'uuid',
  timestamp: 'timestamptz',
  date: 'date',
  inet: 'inet',
};

/** Text of a value, without quotes: what a key of one column is. */
const plain: Readonly<Record<ColumnKind, (name: string, column: Column) => string>> = {
  text: (name) => name,
  integer: (name) => `${name}::text`,
  real: (name) => `${name}::text`,
  boolean: (name) => `${name}::text`,
  uuid: (name) => `${name}::text`,
  timestamp: (name, { precision }) => utc(name, precision),
  date: (name) => `to_char(${name}::timestamp, 'YYYY-MM-DD')`,
  inet: address,
  json: (name) => `${name}::text`,
  bytes: (name) => `encode(${name}, 'hex')`,
};

const isJsonAlready: ReadonlySet<ColumnKind> = new Set(['integer', 'real', 'boolean', 'json']);

const json = (column: Column, name: string): string => {
  if (column.kind === 'text') return `to_json(${name})::text`;
  const text = plain[column.kind](name, column);
  return isJsonAlready.has(column.kind) ? text : `'"' || ${text} || '"'`;
};

const of = (row: string, column: Column): string => `${row}.${identifier(column.name)}`;

/** The key of a row as text: its plain form, or a JSON array where it has several columns. */
export const rowKeySql = (table: Table, row: string): string => {
  const [first, ...others] = keyColumns(table);
  if (first && others.length === 0) return plain[first.kind](of(row, first), first);
  const parts = keyColumns(table).map((column) => json(column, of(row, column)));
  return `'[' || ${parts.join(" || ',' || ")} || ']'`;
};

/** That a row is the one with this key, by the index of the table's key. */
export const hasRowKey = (table: Table, row: string, key: string): string => {
  const columns = keyColumns(table);
  return columns
    .map((column, at) => {
      const text = columns.length === 1 ? key : `(${key}::json ->> ${at})`;
      return `${of(row, column)} = ${text}::${keyTypes[column.kind] ?? 'text'}`;
    })
    .join(' AND ');
};

/** When a row was written: now, or before there was a ledger, which is told by no time at all. */
export type Written = 'now' | 'before';

/** The entry of a row, as bytes. A NULL makes its own part NULL, which `concat_ws` leaves out. */
export const entrySql = (
  table: Table,
  log: string,
  row: string,
  written: Written = 'now',
): readonly string[] => {
  const parts = Object.values(table.columns).map(
    (column) => `${literal(`"${column.name}":`)} || ${json(column, of(row, column))}`,
  );
  return [
    'convert_to(',
    `  ${literal(`["ashlar/entry/v1",${JSON.stringify(log)},"`)}`,
    "  || replace(gen_random_uuid()::text, '-', '') || '\",\"'",
    written === 'now' ? `  || ${utc('now()', 6)} || '",{'` : `  || '",{'`,
    "  || concat_ws(',',",
    ...parts.map((part, at) => `    ${part}${at < parts.length - 1 ? ',' : ''}`),
    "  ) || '}]',",
    "  'UTF8'",
    ')',
  ];
};
