import type { Column } from '../../../contract/column.js';
import type { TableFacts } from '../../../contract/table.js';
import { identifier, identifiers } from '../../../model/index.js';
import { returnedColumns } from '../../../sql/returned-columns.js';
import { quotedElement } from '../../array-literal.js';
import type { Request, WireValue } from '../wire/channel.js';
import { parameterType } from '../wire/parameter-types.js';
import { wireValue } from '../wire/parameters.js';

const element = (value: WireValue): string => {
  if (value === null) return 'NULL';
  return typeof value === 'string' ? quotedElement(value) : `"\\\\x${value.toString('hex')}"`;
};

const arrayOf = (rows: readonly (readonly unknown[])[], position: number): string => {
  let text = '{';
  for (let i = 0; i < rows.length; i++) {
    const value = element(wireValue(rows[i]?.[position], position + 1));
    text += i === 0 ? value : `,${value}`;
  }
  return `${text}}`;
};

/**
 * Returns the statement that inserts any number of rows; its parameters are one array of values per column. Its text is
 * the same for every batch, so it is prepared once, and the limit of 65,535 parameters does not apply. The rows are
 * inserted, and returned, in the order in which they are given.
 *
 * @param returning - whether the statement returns the table's columns of each row
 * @throws AshlarError `value-unstorable`, `value-invalid`
 */
export function insertManyRequest(
  table: TableFacts,
  columns: readonly Column[],
  rows: readonly (readonly unknown[])[],
  returning = false,
): Request {
  const end = returning ? ` RETURNING ${returnedColumns(table)}` : '';
  if (columns.length === 0) {
    return {
      text: `INSERT INTO ${identifier(table.name)} SELECT FROM generate_series(1, $1::integer)${end}`,
      values: [String(rows.length)],
    };
  }
  // an array of arrays would have two dimensions, which unnest makes one: their literals are cast behind it
  const typeOf = (column: Column): string => (column.element ? 'text' : parameterType(column));
  const arrays = columns.map((column, i) => `$${i + 1}::${typeOf(column)}[]`).join(', ');
  const taken = columns.some(({ element }) => element)
    ? columns.map((column, i) => `v.c${i}${column.element ? `::${parameterType(column)}` : ''}`).join(', ')
    : '*';
  const source =
    taken === '*'
      ? `unnest(${arrays})`
      : `unnest(${arrays}) AS v(${columns.map((_, i) => `c${i}`).join(', ')})`;
  const names = identifiers(columns.map((column) => column.name));
  return {
    text: `INSERT INTO ${identifier(table.name)} (${names}) SELECT ${taken} FROM ${source}${end}`,
    values: columns.map((_, position) => arrayOf(rows, position)),
    keep: true,
  };
}
