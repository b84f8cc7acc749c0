import type { BulkTable } from '../../contract/bulk.js';

/** Returns a table as its target has it: with every column under its name. */
export function inTarget({ columns, ...table }: BulkTable): BulkTable {
  return { ...table, columns: columns.map(({ source: _, lastNumber: __, ...column }) => column) };
}
