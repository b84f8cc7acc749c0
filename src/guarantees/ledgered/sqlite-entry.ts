import { type Column, type ColumnKind, identifier, literal, type Table } from '../../table/index.js';
import { keyColumns } from './names.js';

const quoted = (name: string): string => `json_quote(${name})`;

/** A value that is not NULL, as JSON text. */
const json: Readonly<Record<ColumnKind, (name: string) => string>> = {
  text: quoted,
  integer: (name) => name,
  // as many digits as tell every double from its neighbours; SQLite's own text has 15
  real: (name) => `printf('%!.17g', ${name})`,
  boolean: (name) => `iif(${name}, 'true', 'false')`,
  uuid: quoted,
  timestamp: quoted,
  date: quoted,
  inet: quoted,
  json: (name) => name,
  bytes: (name) => `'"' || lower(hex(${name})) || '"'`,
};

const of = (row: string, column: Column): string => `${row}.${identifier(column.name)}`;

/** The key of a row as text: its plain form, or a JSON array where it has several columns. */
export const rowKeySql = (table: Table, row: string): string => {
  const names = keyColumns(table).map((column) => of(row, column));
  return names.length === 1 ? `CAST(${names[0]} AS TEXT)` : `json_array(${names.join(', ')})`;
};

/** That a row is the one with this key: the key of the table finds it, and its text is the very same. */
export const hasRowKey = (table: Table, row: string, key: string): string => {
  const columns = keyColumns(table);
  const same = columns.map((column, at) =>
    columns.length === 1
      ? `${of(row, column)} = ${key}`
      : `${of(row, column)} = json_extract(${key}, '$[${at}]')`,
  );
  return [...same, `${rowKeySql(table, row)} = ${key}`].join(' AND ');
};

/** The entry of a row, as text. */
export const entrySql = (table: Table, log: string, row: string): readonly string[] => {
  const parts = Object.values(table.columns).map((column) => {
    const name = of(row, column);
    const part = `${literal(`,"${column.name}":`)} || ${json[column.kind](name)}`;
    return column.nullable ? `iif(${name} IS NULL, '', ${part})` : part;
  });
  return [
    `${literal(`["ashlar/entry/v1",${JSON.stringify(log)},"`)}`,
    `|| lower(hex(randomblob(16))) || '","' || strftime('%Y-%m-%dT%H:%M:%f000Z', 'now') || '",{'`,
    '|| substr(',
    ...parts.map((part, at) => `  ${at === 0 ? '' : '|| '}${part}`),
    ", 2) || '}]'",
  ];
};
