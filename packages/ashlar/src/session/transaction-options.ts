import type { Column } from '../contract/column.js';
import type { Isolation, TransactionOptions } from '../contract/transaction.js';
import { AshlarError } from '../errors.js';
import { everyScope, isScopeOf, ownerActor } from '../model/index.js';
import { assertText } from './assert-call.js';
import type { SessionContext, SessionOptions } from './types.js';

/**
 * Returns the options of the transaction in which a session runs.
 *
 * @param scopeColumns - the scope columns of the system's tables that always hold a scope
 * @throws AshlarError `value-unstorable`, `value-invalid` for a scope that no row can have; `usage` for options that do not
 *   fit together, or a limit that is not a number of milliseconds
 */
export function transactionOptions(
  {
    actor: givenActor = null,
    scope: givenScope = null,
    isolation,
    deferrable = false,
    statementTimeout,
    lockTimeout,
    signal,
  }: SessionOptions,
  mode: 'read' | 'write',
  scopeColumns: readonly Column[],
): TransactionOptions {
  // '' is no scope: it would match rows whose scope is NULL; and no actor, because PostgreSQL has '' for an unset setting
  const [actor, scope] = [orNone(givenActor), orNone(givenScope)];
  for (const [name, value] of Object.entries({ actor, scope })) {
    if (value === null) continue;
    if (typeof value !== 'string') throw notText(name);
    assertText(`session ${name}`, value);
  }
  assertSignal(signal);
  assertNotOwner(actor, scope);
  assertScope(scopeColumns, scope);
  assertIsolation(mode, isolation, deferrable);
  assertMilliseconds({ statementTimeout, lockTimeout });
  return { mode, actor, scope, isolation, deferrable, statementTimeout, lockTimeout };
}

const orNone = (given: string | null): string | null => (given === '' ? null : given);

const notText = (name: string): AshlarError =>
  new AshlarError('usage', {
    message: `The ${name} of a session is not a text.`,
    suggestion: `Pass a string, or null for a session without ${name}.`,
  });

// the triggers of SQLite know the owner by this pair, and so does who reads an audit trail
const assertNotOwner = (actor: string | null, scope: string | null): void => {
  if (actor !== ownerActor || scope !== everyScope) return;
  throw new AshlarError('usage', {
    message: `A session with every scope cannot have the actor ${ownerActor}.`,
    detail: 'The owner of the database is recorded so.',
    suggestion: 'Give the actor another name, such as user:owner, or the session the scope that it works in.',
  });
};

// before anything begins: a signal that cannot be listened to would leave a session that nothing ends
const assertSignal = (signal: unknown): void => {
  if (signal === undefined || signal instanceof AbortSignal) return;
  throw new AshlarError('usage', {
    message: 'The signal of a session is not an AbortSignal.',
    suggestion: 'Pass the signal of an AbortController: { signal: controller.signal }.',
  });
};

const isolations: readonly Isolation[] = ['read committed', 'repeatable read', 'serializable'];

const assertIsolation = (
  mode: 'read' | 'write',
  isolation: Isolation | undefined,
  deferrable: boolean,
): void => {
  if (isolation !== undefined && !isolations.includes(isolation)) {
    throw new AshlarError('usage', {
      message: 'The isolation of a session is not valid.',
      suggestion: `Use one of: ${isolations.join(', ')}.`,
    });
  }
  if (mode === 'read' && isolation === 'read committed') {
    throw new AshlarError('usage', {
      message: 'A session that only reads cannot be read committed: it sees one snapshot of the data.',
      suggestion: 'Leave out isolation, or use db.session(…), whose statements each see the latest data.',
    });
  }
  if (typeof deferrable !== 'boolean') {
    throw new AshlarError('usage', {
      message: 'The option deferrable is not valid.',
      suggestion: 'Give true or false.',
    });
  }
  if (deferrable && !(mode === 'read' && isolation === 'serializable')) {
    throw new AshlarError('usage', {
      message: 'Only a serializable session that only reads can be deferrable.',
      suggestion: "Use db.read({ isolation: 'serializable', deferrable: true }, …), or leave out deferrable.",
    });
  }
};

// the longest timer of Node and of PostgreSQL; 0 would switch a limit off
const longest = 2_147_483_647;

/**
 * Throws if a limit is not a whole number of milliseconds from 1 to 2,147,483,647. `undefined` is no limit.
 *
 * @throws AshlarError `usage`
 */
export function assertMilliseconds(limits: Readonly<Record<string, number | undefined>>): void {
  for (const [name, value] of Object.entries(limits)) {
    if (value === undefined || (Number.isInteger(value) && value >= 1 && value <= longest)) continue;
    throw new AshlarError('usage', {
      message: `The option ${name} is not valid.`,
      suggestion: `Give a whole number of milliseconds from 1 to ${longest}.`,
    });
  }
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

/** Returns the options of a session, with the actor and the scope that `connect` was given where they have none. */
export function withContext(given: SessionOptions, { actor, scope }: SessionContext = {}): SessionOptions {
  return {
    ...given,
    actor: given.actor === undefined ? actor : given.actor,
    scope: given.scope === undefined ? scope : given.scope,
  };
}
