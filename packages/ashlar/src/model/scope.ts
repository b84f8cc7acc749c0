import type { Column } from '../contract/column.js';
import { storageProblem } from './storable.js';

/**
 * The value of a session's scope with which the session can reach the rows of all scopes. It must be asked for by
 * name.
 */
export const everyScope = '*';

/**
 * Returns the SQL expression for a scope column that triggers and policies compare with a session's scope. A nullable
 * column maps NULL to '': no scope has that value, and only the range of {@link everyScope} begins with it.
 */
export function scopeValue({ nullable }: Column, value: string): string {
  return nullable ? `coalesce(${value}, '')` : value;
}

/** Returns whether a row can have this scope: the text is the canonical form of a value that the column accepts. */
export function isScopeOf(column: Column, scope: string): boolean {
  const value = column.kind === 'integer' ? Number(scope) : scope;
  return (
    String(value) === scope &&
    column.stored.safeParse(value).success &&
    storageProblem(column, value) === undefined
  );
}
