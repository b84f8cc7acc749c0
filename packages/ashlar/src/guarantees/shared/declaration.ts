import type { Column } from '../../contract/column.js';
import type { TableFacts } from '../../contract/table.js';
import { isComputed } from '../../model/index.js';
import { invalidTable } from '../../model/invalid-table.js';

/**
 * Asserts that a guarantee names only columns of its own table, each of them only once, and none that the database
 * computes: triggers before a write do not see its value.
 *
 * @param may - whether a column may be computed, because the guarantee compares none of them
 * @throws AshlarError `table-invalid`
 */
export function assertOwn(
  table: TableFacts,
  guarantee: string,
  columns: readonly (Column | undefined)[],
  may: { readonly beComputed?: boolean } = {},
): void {
  for (const column of columns) {
    if (column === undefined) {
      throw invalidTable(
        table.name,
        `${guarantee} names a column that the table does not have.`,
        'Check the spelling after "c.".',
      );
    }
    if (column.table !== table.name) {
      throw invalidTable(
        table.name,
        `${guarantee} names the column ${column.table}.${column.name} of another table.`,
        'Use the columns of the callback: (c) => [appendOnly({ stampOnce: [c.withdrawn_at] })].',
      );
    }
    if (isComputed(column) && !may.beComputed)
      throw invalidTable(
        table.name,
        `${guarantee} is over ${column.name}, which the database computes.`,
        'Declare the guarantee over a column that statements write.',
      );
  }
  const names = columns.map((column) => column?.name);
  if (new Set(names).size < names.length) {
    throw invalidTable(table.name, `${guarantee} names a column twice.`, 'Name each column once.');
  }
}

/** Whether a declared key or index starts with the given columns, in any order, so that lookups by them are fast. */
export function isIndexed(table: TableFacts, columns: readonly string[]): boolean {
  return [
    table.primaryKey,
    ...table.uniques,
    ...table.indexes.filter((index) => index.where === undefined),
  ].some((key) => sameSet(key.columns.slice(0, columns.length), columns));
}

/** Whether a declared unique key consists of exactly the given columns. */
export function isUnique(table: TableFacts, columns: readonly string[]): boolean {
  return [
    table.primaryKey,
    ...table.uniques,
    ...table.indexes.filter((index) => index.unique && index.where === undefined),
  ].some((key) => sameSet(key.columns, columns));
}

const sameSet = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((name) => others.includes(name));

/** Returns one or several values as a list; `undefined` is the empty list. */
export function list<T>(given: T | readonly T[] | undefined): readonly T[] {
  return given === undefined ? [] : ([given].flat() as readonly T[]);
}
