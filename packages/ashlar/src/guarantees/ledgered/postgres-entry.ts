import type { Column, ColumnKind } from '../../contract/column.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier, literal } from '../../model/index.js';
import { address, utc } from '../../sql/postgres-row-json.js';
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
export const rowKeySql = (table: TableFacts, row: string): string => {
  const [first, ...others] = keyColumns(table);
  if (first && others.length === 0) return plain[first.kind](of(row, first), first);
  const parts = keyColumns(table).map((column) => json(column, of(row, column)));
  return `'[' || ${parts.join(" || ',' || ")} || ']'`;
};

/** That a row is the one with this key, by the index of the table's key. */
export const hasRowKey = (table: TableFacts, row: string, key: string): string => {
  const columns = keyColumns(table);
  return columns
    .map((column, at) => {
      const text = columns.length === 1 ? key : `(${key}::json ->> ${at})`;
      return `${of(row, column)} = ${text}::${keyTypes[column.kind] ?? 'text'}`;
    })
    .join(' AND ');
};

/** Columns of the table that the database fills in: see `stampColumns`. */
export const stamps = { xid: 'ashlar_xid', at: 'ashlar_at' } as const;

/** A column of a row with its name, as arguments of `concat`: of a NULL, which is left out, the name goes too. */
const member = (column: Column, row: string): string => {
  const name = of(row, column);
  if (column.nullable) return `${literal(`,"${column.name}":`)} || ${json(column, name)}`;
  if (column.kind === 'text') return `${literal(`,"${column.name}":`)}, to_json(${name})`;
  // concat would write t and f
  const value = column.kind === 'uuid' ? name : plain[column.kind](name, column);
  return isJsonAlready.has(column.kind)
    ? `${literal(`,"${column.name}":`)}, ${value}`
    : `${literal(`,"${column.name}":"`)}, ${value}, '"'`;
};

// a function takes at most a hundred arguments
const mostMembers = 30;

/** The members of a JSON object: arguments of one `concat`, rather than many `||`, each of which would copy. */
const members = (table: TableFacts, row: string): string[] => {
  const all = Object.values(table.columns).map((column) => member(column, row));
  return all.flatMap((line, at) => {
    const ends = at === all.length - 1 || at % mostMembers === mostMembers - 1;
    const opens = at > 0 && at % mostMembers === 0 ? [') || concat('] : [];
    return [...opens, `  ${line}${ends ? '' : ','}`];
  });
};

/** The entry of a row, as bytes. One from before there was a ledger has no time, and its entry tells none. */
export const entrySql = (table: TableFacts, log: string, row: string): readonly string[] => [
  'convert_to(concat(',
  `  ${literal(`["ashlar/entry/v1",${JSON.stringify(log)},"`)}, gen_random_uuid(),`,
  `  '","', ${utc(`${row}.${stamps.at}`, 6)}, '",{',`,
  '  substr(concat(',
  ...members(table, row).map((line) => `  ${line}`),
  "  ), 2), '}]'",
  "), 'UTF8')",
];
