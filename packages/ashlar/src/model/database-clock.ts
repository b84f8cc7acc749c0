import type { Column } from '../contract/column.js';
import type { GuardedTable } from '../contract/guarantee.js';
import { AshlarError } from '../errors.js';

const found = new WeakMap<GuardedTable, ReadonlyMap<string, string>>();

/** The columns of a table that only the database's clock may set in a new row, each with the guarantee that says so. */
export function databaseClocks(table: GuardedTable): ReadonlyMap<string, string> {
  let clocks = found.get(table);
  if (!clocks) {
    // the first guarantee that withholds a right is the one that is named, as where a role lacks it
    clocks = new Map(
      table.guarantees
        .toReversed()
        .flatMap(({ name, postgres }) =>
          postgres.level === 'refused'
            ? []
            : (postgres.rights?.(table).notInsertable ?? []).map((column) => [column, name] as const),
        ),
    );
    found.set(table, clocks);
  }
  return clocks;
}

/** Returns the error for a time that a new row gives to a column of {@link databaseClocks}: `guarantee-violated`. */
export function clockWithheld(
  { table, property }: Pick<Column, 'table' | 'property'>,
  guarantee: string,
): AshlarError {
  return new AshlarError('guarantee-violated', {
    message: `${table}.${property} is set by the clock of the database, and cannot be given.`,
    detail: `The guarantee ${guarantee} relies on the time at which a row was written.`,
    suggestion: 'Leave the column out. In a test, pass a clock to testDatabase(…).',
    facts: { table, guarantee },
  });
}
