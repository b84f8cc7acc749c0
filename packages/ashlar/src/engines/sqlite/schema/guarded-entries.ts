import type { GuardedPlace } from '../../../contract/guards.js';
import { foldedName, isOwn } from '../../../model/index.js';

/** Whether a table is one that a guard is on. */
export function isExternal(table: string, guards: GuardedPlace | undefined): boolean {
  return guards?.tables.includes(table) ?? false;
}

/**
 * Whether an entry of sqlite_schema belongs to a guard: its own tables with all that is on them, and the tables that it is on with
 * their triggers. Everything else in the file is the tool's. Without a guard every entry belongs to the system.
 */
export function isOfGuard(
  { type, name, table }: { readonly type: string; readonly name: string; readonly table: string },
  guards: GuardedPlace | undefined,
): boolean {
  if (!guards) return true;
  if (isExternal(table, guards)) return type === 'trigger' || (type === 'table' && name === table);
  if (!guards.ownTables) return true;
  const folded = foldedName(table);
  return isOwn(folded) || guards.ownTables.some((each) => foldedName(each) === folded);
}
