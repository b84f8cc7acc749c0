import type { Column } from '../contract/column.js';
import type { TableFacts } from '../contract/table.js';

/** Returns a function that returns the columns of a table for which `is` is true; it looks once at each table. */
export function columnsWhere(is: (column: Column) => boolean): (table: TableFacts) => readonly Column[] {
  const known = new WeakMap<TableFacts, readonly Column[]>();
  return (table) => {
    let columns = known.get(table);
    if (!columns) {
      columns = Object.values(table.columns).filter(is);
      known.set(table, columns);
    }
    return columns;
  };
}
