import type { Column } from '../contract/column.js';
import { storageProblem } from './storable.js';

/** The scope of a session that may reach the rows of all scopes. It must be asked for by name. */
export const everyScope = '*';

/**
 * A value of a scope column as it is compared with the bounds of a session's scope. Where it may be NULL the row is
 * nobody's, and stands at '': no scope is that text, and the range of every scope begins with it.
 */
export function scopeValue({ nullable }: Column, value: string): string {
  return nullable ? `coalesce(${value}, '')` : value;
}

/** Whether a row could be of that scope: it is the one text of a value that the column holds. */
export function isScopeOf(column: Column, scope: string): boolean {
  const value = column.kind === 'integer' ? Number(scope) : scope;
  return (
    String(value) === scope &&
    column.stored.safeParse(value).success &&
    storageProblem(column, value) === undefined
  );
}
