import type { Column } from '../contract/column.js';
import { storageProblem } from './storable.js';

/** The scope of a session that may reach the rows of all scopes. It must be asked for by name. */
export const everyScope = '*';

/**
 * The expression of a scope column that is compared with the bounds of a session's scope. A nullable column maps NULL to
 * '': no scope has that value, and only the range of {@link everyScope} begins with it.
 */
export function scopeValue({ nullable }: Column, value: string): string {
  return nullable ? `coalesce(${value}, '')` : value;
}

/** Whether a row can have this scope: the text is the canonical form of a value that the column accepts. */
export function isScopeOf(column: Column, scope: string): boolean {
  const value = column.kind === 'integer' ? Number(scope) : scope;
  return (
    String(value) === scope &&
    column.stored.safeParse(value).success &&
    storageProblem(column, value) === undefined
  );
}
