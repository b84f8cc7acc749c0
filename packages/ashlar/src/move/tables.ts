import type { BulkTable } from '../contract/bulk.js';
import type { TableFacts } from '../contract/table.js';

/** Returns a table as it is read and written in bulk: without the columns that the database computes. */
export function bulkTable({ name, columns, primaryKey }: TableFacts): BulkTable {
  return {
    name,
    columns: Object.values(columns).filter(({ expression }) => expression === undefined),
    primaryKey: primaryKey.columns,
  };
}
