import type { Column } from '../contract/column.js';
import type { TransactionOptions } from '../contract/transaction.js';
import { AshlarError } from '../errors.js';
import { everyScope, isScopeOf } from '../model/index.js';
import type { SessionContext } from './types.js';

/**
 * Returns the options of the transaction in which a session runs.
 *
 * @param scopeColumns - the scope columns of the system's tables that always hold a scope
 * @throws AshlarError `value-unstorable`, `value-invalid` for a scope that no row can have
 */
export function transactionOptions(
  { actor = null, scope: given = null }: SessionContext,
  mode: 'read' | 'write',
  scopeColumns: readonly Column[],
): TransactionOptions {
  // '' is no scope: it would match rows whose scope is NULL
  const scope = given === '' ? null : given;
  for (const [name, value] of Object.entries({ actor, scope })) {
    if (value === null || (value.isWellFormed() && !value.includes('\0'))) continue;
    throw new AshlarError('value-unstorable', {
      message: `Invalid session ${name}: it contains NUL or a lone surrogate, which no database stores.`,
      suggestion: 'Check where the value comes from.',
    });
  }
  assertScope(scopeColumns, scope);
  return { mode, actor, scope };
}

// a scope that no row can have is a mistake of the caller, which an empty result would hide
const assertScope = (columns: readonly Column[], scope: string | null): void => {
  if (scope === null || scope === everyScope || columns.length === 0) return;
  // U+10FFFF is the upper bound of every scope's range
  if (!scope.startsWith('\u{10FFFF}') && columns.some((column) => isScopeOf(column, scope))) return;
  const names = columns.map(({ table, name }) => `${table}.${name}`);
  throw new AshlarError('value-invalid', {
    message: 'Invalid session scope: no row can have this value.',
    detail: `Scopes are the values of ${[...new Set(names)].join(', ')}, written as the database stores them.`,
    suggestion: 'Check where the value comes from: UUIDs are in lower case, integers have no leading zeros.',
  });
};
