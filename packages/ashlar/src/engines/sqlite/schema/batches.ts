import type { BatchSql } from '../../../contract/batches.js';
import { literal } from '../../../model/index.js';

const tuple = (parts: readonly string[]): string => `(${parts.join(', ')})`;

/** How SQLite runs a statement in batches of rows. A batch is the only writer, so it locks no rows. */
export const sqliteBatches: BatchSql = {
  key: (table) => `SELECT name FROM pragma_table_info(${literal(table)}) WHERE pk > 0 ORDER BY pk`,
  lock: '',
  // a list of row values would be limited by the depth of an expression
  rows: (key, rows) => {
    const [first = [], last = first] = [rows[0], rows.at(-1)];
    return `${tuple(key)} BETWEEN ${tuple(first)} AND ${tuple(last)}`;
  },
};
