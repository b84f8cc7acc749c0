import type { Column } from '../../contract/column.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier, literal, writtenColumns } from '../../model/index.js';
import { jsonText } from '../../sql/sqlite-row-json.js';
import { keyColumns } from './names.js';

const of = (row: string, column: Column): string => `${row}.${identifier(column.name)}`;

/** An SQL expression for the key of a row as text: the value itself, or a JSON array if the key has several columns. */
export function rowKeySql(table: TableFacts, row: string): string {
  const columns = keyColumns(table);
  const text = (column: Column): string => `CAST(${of(row, column)} AS TEXT)`;
  const [only, ...others] = columns;
  if (only && others.length === 0) return text(only);
  const parts = columns.map((column) => (column.kind === 'bigint' ? text(column) : of(row, column)));
  return `json_array(${parts.join(', ')})`;
}

/**
 * The SQL condition that a row has the given key: it finds the row with the index of the primary key, then compares the
 * key as text.
 */
export function hasRowKey(table: TableFacts, row: string, key: string): string {
  const columns = keyColumns(table);
  const same = columns.map((column, at) =>
    columns.length === 1
      ? `${of(row, column)} = ${key}`
      : `${of(row, column)} = json_extract(${key}, '$[${at}]')`,
  );
  return [...same, `${rowKeySql(table, row)} = ${key}`].join(' AND ');
}

/** An SQL expression for the entry of a row, as text; the entry of a row that is older than the ledger has no time. */
export function entrySql(
  table: TableFacts,
  log: string,
  row: string,
  written: 'now' | 'before' = 'now',
): readonly string[] {
  const at = written === 'now' ? "strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')" : "''";
  const parts = writtenColumns(table).map((column) => {
    const name = of(row, column);
    const part = `${literal(`,"${column.name}":`)} || ${jsonText[column.kind](name, column)}`;
    return column.nullable ? `iif(${name} IS NULL, '', ${part})` : part;
  });
  return [
    `${literal(`["ashlar/entry/v1",${JSON.stringify(log)},"`)}`,
    `|| lower(hex(randomblob(16))) || '","' || ${at} || '",{'`,
    '|| substr(',
    ...parts.map((part, at) => `  ${at === 0 ? '' : '|| '}${part}`),
    ", 2) || '}]'",
  ];
}
