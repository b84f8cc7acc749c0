import type { z } from 'zod';

/** A problem that a check of a whole row has found. `path` names the columns that it is about. */
export interface RowProblem {
  readonly message: string;
  readonly path?: readonly PropertyKey[];
}

/** A check of a whole row: returns a message, a problem or several; `undefined` if the row is valid. */
export type RowCheck<R> = (row: R) => string | RowProblem | readonly RowProblem[] | undefined;

/** A check of a whole row in the declaration of a table. */
export interface CheckRowItem<R = never> {
  readonly kind: 'check-row';
  // a method, so that an item whose row is not known is an item of every table
  check(row: R): ReturnType<RowCheck<R>>;
}

/**
 * Declares a check over several columns of a row, which runs in this process. It gets the row as the application sees
 * it; what the database generates (`autoincrement()`, `createdAt()`) is missing before an insert.
 *
 * `insert`, `insertMany`, `upsert` and `update` run it. Updates of many rows, query builders and SQL do not: what must
 * hold there too is a `check(…)` of the database.
 *
 * @param check - returns nothing for a valid row; otherwise a message, or problems with a message and a path
 *
 * @example
 * const stays = table('stays', { id: id(), from: z.iso.date(), until: z.iso.date() }, () => [
 *   checkRow((row) => (row.until < row.from ? { message: 'ends before it begins', path: ['until'] } : undefined)),
 * ]);
 */
export function checkRow<R>(check: RowCheck<R>): CheckRowItem<R> {
  return { kind: 'check-row', check };
}

/**
 * Runs the `checkRow` checks of a table on a row, and returns the problems found as Zod issues; empty if the row is
 * valid.
 *
 * @param row - in the application's form
 */
export function rowProblems(
  { checkRow: checks }: { readonly checkRow: readonly RowCheck<never>[] },
  row: unknown,
): readonly z.core.$ZodIssue[] {
  return checks.flatMap((check) => {
    const found = check(row as never) ?? [];
    const problems: readonly RowProblem[] =
      typeof found === 'string' ? [{ message: found }] : 'message' in found ? [found] : found;
    return problems.map(({ message, path = [] }) => ({ code: 'custom' as const, message, path: [...path] }));
  });
}
