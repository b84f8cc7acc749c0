import type { Column } from '../contract/column.js';
import { storageProblem } from './storable.js';

/** The special scope with which a session can reach the rows of all scopes. It must be asked for by name. */
export const everyScope = '*';

/** The actor of the owner's statements, which act in every scope. A session cannot have both. */
export const ownerActor = 'owner';

/**
 * Returns the SQL expression with which triggers and policies compare a scope column to a session's scope. A nullable
 * column maps NULL to '': no scope has that value, and only the range of {@link everyScope} begins with it.
 */
export function scopeValue({ nullable }: Column, value: string): string {
  return nullable ? `coalesce(${value}, '')` : value;
}

/**
 * Returns whether a row can have the given scope: whether this text is the canonical form of a value that the scope
 * column accepts.
 */
export function isScopeOf(column: Column, scope: string): boolean {
  const value = column.kind === 'integer' ? Number(scope) : scope;
  return (
    String(value) === scope &&
    column.stored.safeParse(value).success &&
    storageProblem(column, value) === undefined
  );
}
