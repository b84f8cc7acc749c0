import type { BulkRow, BulkTable } from '../../contract/bulk.js';

/** Returns the primary key of a row for a message: `id 7`. */
export function rowKeyText({ columns, primaryKey }: BulkTable, row: BulkRow): string {
  return primaryKey
    .map(
      (name) => `${name} ${JSON.stringify(row[columns.findIndex((column) => column.name === name)] ?? null)}`,
    )
    .join(', ');
}
