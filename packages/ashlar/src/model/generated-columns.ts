import type { Column } from '../contract/column.js';
import type { TableFacts } from '../contract/table.js';

/**
 * Returns the columns that every update of a row sets to the current time (`updatedAt()`); none for a table whose rows
 * are never updated.
 */
export function touchedColumns({ columns, facts }: TableFacts): readonly Column[] {
  if (facts.appendOnly || facts.versions) return [];
  return Object.values(columns).filter(({ touched }) => touched);
}

/** Returns the column whose integers only the database generates (`autoincrement()`); `undefined` if there is none. */
export function identityColumn({ columns }: Pick<TableFacts, 'columns'>): Column | undefined {
  return Object.values(columns).find(({ generated }) => generated === 'identity');
}
