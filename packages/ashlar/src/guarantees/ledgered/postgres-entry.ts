import type { Column, ColumnKind } from '../../contract/column.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier, literal, writtenColumns } from '../../model/index.js';
import { address, arrayJson, utc } from '../../sql/postgres-row-json.js';
import { keyColumns } from './names.js';

/** The PostgreSQL types of the columns that the primary key of a ledgered table can contain. */
export const keyTypes: Readonly<Record<ColumnKind, string | undefined>> = {
  text: 'text',
  integer: 'bigint',
  bigint: 'bigint',
  uuid: 'uuid',
  timestamp: 'timestamptz',
  date: 'date',
  inet: 'inet',
  decimal: undefined,
  real: undefined,
  boolean: undefined,
  json: undefined,
  array: undefined,
  bytes: undefined,
};

/** A value as text without quotes: the key of a row whose key has one column. */
const plain: Readonly<Record<ColumnKind, (name: string, column: Column) => string>> = {
  text: (name) => name,
  integer: (name) => `${name}::text`,
  bigint: (name) => `${name}::text`,
  decimal: (name) => `${name}::text`,
  real: (name) => `${name}::text`,
  boolean: (name) => `${name}::text`,
  uuid: (name) => `${name}::text`,
  timestamp: (name, { precision }) => utc(name, precision),
  date: (name) => `to_char(${name}::timestamp, 'YYYY-MM-DD')`,
  inet: address,
  json: (name) => `${name}::text`,
  array: (name, { element }) => `(${arrayJson(name, element)})::text`,
  bytes: (name) => `encode(${name}, 'hex')`,
};

/** Whether the text of a kind is JSON as it is, without quotes. */
const isJsonAlready: Readonly<Record<ColumnKind, boolean>> = {
  text: false,
  integer: true,
  // a number of JSON is read as a double
  bigint: false,
  decimal: false,
  real: true,
  boolean: true,
  uuid: false,
  timestamp: false,
  date: false,
  inet: false,
  json: true,
  array: true,
  bytes: false,
};

// the JSON of an array of another tool would be no text
const textOf = ({ native }: Column, name: string): string => (native === undefined ? name : `${name}::text`);

const json = (column: Column, name: string): string => {
  if (column.kind === 'text') return `to_json(${textOf(column, name)})::text`;
  const text = plain[column.kind](name, column);
  return isJsonAlready[column.kind] ? text : `'"' || ${text} || '"'`;
};

const of = (row: string, column: Column): string => `${row}.${identifier(column.name)}`;

/** An SQL expression for the key of a row as text: the value itself, or a JSON array if the key has several columns. */
export function rowKeySql(table: TableFacts, row: string): string {
  const [first, ...others] = keyColumns(table);
  if (first && others.length === 0) return plain[first.kind](of(row, first), first);
  const parts = keyColumns(table).map((column) => json(column, of(row, column)));
  return `'[' || ${parts.join(" || ',' || ")} || ']'`;
}

/** The SQL condition that a row has the given key, written so that PostgreSQL uses the index of the primary key. */
export function hasRowKey(table: TableFacts, row: string, key: string): string {
  const columns = keyColumns(table);
  return columns
    .map((column, at) => {
      const text = columns.length === 1 ? key : `(${key}::json ->> ${at})`;
      return `${of(row, column)} = ${text}::${keyTypes[column.kind] ?? 'text'}`;
    })
    .join(' AND ');
}

/** The names of the columns in which the database records the transaction and the time of each ledgered row. */
export const stamps = { xid: 'ashlar_xid', at: 'ashlar_at' } as const;

/** A member of a JSON object as arguments of `concat`; NULL, and so omitted with its name, where the column is NULL. */
const member = (column: Column, row: string): string => {
  const name = of(row, column);
  if (column.nullable) return `${literal(`,"${column.name}":`)} || ${json(column, name)}`;
  if (column.kind === 'text') return `${literal(`,"${column.name}":`)}, to_json(${textOf(column, name)})`;
  // concat writes booleans as t and f
  const value = column.kind === 'uuid' ? name : plain[column.kind](name, column);
  return isJsonAlready[column.kind]
    ? `${literal(`,"${column.name}":`)}, ${value}`
    : `${literal(`,"${column.name}":"`)}, ${value}, '"'`;
};

// a PostgreSQL function takes at most 100 arguments
const mostMembers = 30;

/** The members of a JSON object as arguments of `concat`: faster than `||`, each of which copies the text. */
const members = (table: TableFacts, row: string): string[] => {
  const all = writtenColumns(table).map((column) => member(column, row));
  return all.flatMap((line, at) => {
    const ends = at === all.length - 1 || at % mostMembers === mostMembers - 1;
    const opens = at > 0 && at % mostMembers === 0 ? [') || concat('] : [];
    return [...opens, `  ${line}${ends ? '' : ','}`];
  });
};

/** An SQL expression for the entry of a row, as bytes. The entry of a row that is older than the ledger has no time. */
export function entrySql(table: TableFacts, log: string, row: string): readonly string[] {
  return [
    'convert_to(concat(',
    `  ${literal(`["ashlar/entry/v1",${JSON.stringify(log)},"`)}, gen_random_uuid(),`,
    `  '","', ${utc(`${row}.${stamps.at}`, 6)}, '",{',`,
    '  substr(concat(',
    ...members(table, row).map((line) => `  ${line}`),
    "  ), 2), '}]'",
    "), 'UTF8')",
  ];
}
