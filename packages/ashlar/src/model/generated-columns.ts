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

/** Returns whether the database computes a column from others, so that nothing else writes it. */
export function isComputed({ generated }: Pick<Column, 'generated'>): boolean {
  return generated === 'computed';
}

/** Returns the columns of a table that are not computed. */
export function writtenColumns({ columns }: Pick<TableFacts, 'columns'>): readonly Column[] {
  return Object.values(columns).filter((column) => !isComputed(column));
}

/** Returns the column whose integers only the database generates (`autoincrement()`); `undefined` if there is none. */
export function identityColumn({ columns }: Pick<TableFacts, 'columns'>): Column | undefined {
  return Object.values(columns).find(({ generated }) => generated === 'identity');
}
