import type { BulkTable, MovedBetween } from '../contract/bulk.js';
import type { GuardedTable } from '../contract/guarantee.js';
import type { TableFacts } from '../contract/table.js';

/** Returns a table as it is read and written in bulk: without the columns that the database computes. */
export function bulkTable({ name, columns, primaryKey }: TableFacts): BulkTable {
  return {
    name,
    columns: Object.values(columns).filter(({ expression }) => expression === undefined),
    primaryKey: primaryKey.columns,
  };
}

/** Returns a table with the side tables of its guarantees, in the order in which they are loaded. */
export function movedTables(table: GuardedTable, between: MovedBetween): readonly BulkTable[] {
  const parts = table.guarantees.flatMap(({ moved }) => moved?.(table, between) ?? []);
  const own = bulkTable(table);
  const added = parts.flatMap(({ columns }) => columns ?? []);
  return [...parts.flatMap(({ tables }) => tables), { ...own, columns: [...own.columns, ...added] }];
}
