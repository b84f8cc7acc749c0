import { AshlarError } from '../errors.js';
import { transactionsOf } from './clients.js';
import type { GuardedContext } from './guarded.js';
import type { TransactionOf } from './types.js';
import { nested } from './usage.js';

/** A `Database` of better-sqlite3, as far as {@link guardedSync} uses it. */
interface Database {
  readonly inTransaction: boolean;
  prepare(sql: string): { run(...values: readonly unknown[]): unknown };
  pragma(text: string, options?: { readonly simple?: boolean }): unknown;
  exec(sql: string): unknown;
}

/** A Drizzle database over better-sqlite3. */
interface DrizzleOnSqlite {
  readonly $client: Database;
}

// the names that triggers read, as sessions of Ashlar write them
const write = 'INSERT INTO main.ashlar_session (id, actor, scope) VALUES (1, ?, ?)';
const remove = 'DELETE FROM main.ashlar_session';
const recursive = 'recursive_triggers';

/**
 * Runs a callback in a transaction of better-sqlite3, or of Drizzle over it, in which the triggers of a guard know the actor and the
 * scope. The transaction begins IMMEDIATE; the context is gone at its end. Triggers fire for the rows that REPLACE deletes, too.
 *
 * @param client - a `Database` of better-sqlite3, or a Drizzle database over one
 * @param work - must not return a promise: the connection is one, and another request would run in the same transaction. An error
 *   that leaves it rolls back and is thrown unchanged
 * @returns what `work` returned, after the commit
 * @throws AshlarError `usage` for another client, one that is in a transaction, and a callback that returns a promise;
 *   `database-missing` before `ashlar guard up`
 *
 * @example
 * guardedSync(database, { actor: user.id, scope: null }, (db) => db.prepare('…').run());
 * guardedSync(db, { actor, scope: null }, (tx) => tx.insert(orders).values(order).run()); // Drizzle
 */
export function guardedSync<C extends object, T>(
  client: C,
  context: GuardedContext,
  work: (client: C) => T,
): T {
  const database = databaseOf(client);
  if (database.inTransaction) throw nested();
  const before = Number(database.pragma(recursive, { simple: true }));
  database.pragma(`${recursive} = 1`);
  try {
    database.exec('BEGIN IMMEDIATE');
    try {
      prepared(database, write).run(textOf('actor', context.actor), textOf('scope', context.scope));
      const result = work(client);
      if (isPromise(result)) throw asynchronous();
      if (!database.inTransaction) throw ended();
      database.prepare(remove).run();
      database.exec('COMMIT');
      return result;
    } catch (error) {
      if (database.inTransaction) database.exec('ROLLBACK');
      throw error;
    }
  } finally {
    database.pragma(`${recursive} = ${before}`);
  }
}

/**
 * Runs a callback in a transaction of Kysely or Prisma over SQLite, in which the triggers of a guard know the actor and the scope.
 * The context is gone at its end.
 *
 * @param client - a `Kysely` or a `PrismaClient` over a SQLite file
 * @param work - gets the transaction of that tool. An error that leaves it rolls back and is thrown unchanged
 * @returns what `work` returned, after the commit
 * @throws AshlarError `usage` for another client, and one that is in a transaction; `database-missing` before `ashlar guard up`;
 *   `session-aborted`
 *
 * @example
 * await guardedFile(db, { actor: user.id, scope: null }, (trx) => trx.insertInto('orders').values(order).execute()); // Kysely
 * await guardedFile(prisma, { actor, scope: null }, (tx) => tx.order.create({ data })); // Prisma
 */
export function guardedFile<C extends object, T>(
  client: C,
  context: GuardedContext,
  work: (tx: TransactionOf<C>) => PromiseLike<T>,
): Promise<T> {
  const values = [textOf('actor', context.actor), textOf('scope', context.scope)];
  return transactionsOf(client).transaction(undefined, async (tx, run) => {
    const [row] = await run(`PRAGMA ${recursive}`, []);
    const before = Number(Object.values(row ?? {})[0] ?? 0);
    await run(`PRAGMA ${recursive} = 1`, []);
    try {
      await run(write, values).catch((error: unknown) => {
        throw isMissing(error) ? notGuarded(error) : error;
      });
      const result = await work(tx as TransactionOf<C>);
      await run(remove, []);
      return result;
    } finally {
      await run(`PRAGMA ${recursive} = ${before}`, []).catch(() => undefined);
    }
  });
}

const isDatabase = (value: unknown): value is Database =>
  typeof value === 'object' &&
  value !== null &&
  ['prepare', 'pragma', 'exec'].every((name) => typeof Reflect.get(value, name) === 'function');

const databaseOf = (client: object): Database => {
  const { $client: inner = client } = client as Partial<DrizzleOnSqlite>;
  if (isDatabase(inner)) return inner;
  throw new AshlarError('usage', {
    message: 'guardedSync(…) was given no client that it knows.',
    detail: 'It knows a database of better-sqlite3, and one of Drizzle over it.',
    suggestion: 'For Kysely and Prisma over SQLite use guardedFile; over PostgreSQL use guarded.',
  });
};

const prepared = (database: Database, sql: string): ReturnType<Database['prepare']> => {
  try {
    return database.prepare(sql);
  } catch (error) {
    throw isMissing(error) ? notGuarded(error) : error;
  }
};

const isMissing = (error: unknown): boolean =>
  error instanceof Error && /no such table: (main\.)?ashlar_session/.test(error.message);

const isPromise = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, 'then') === 'function';

const textOf = (name: 'actor' | 'scope', value: unknown): string | null => {
  if (value === null) return null;
  if (typeof value === 'string' && value.isWellFormed() && !value.includes('\0')) return value;
  throw new AshlarError('usage', {
    message: `No ${name} was given.`,
    detail: 'It is a text without NUL, or null.',
    suggestion: 'Pass both: guardedSync(database, { actor: user.id, scope: null }, work).',
  });
};

const asynchronous = (): AshlarError =>
  new AshlarError('usage', {
    message: 'The callback of guardedSync(…) returned a promise; its work was rolled back.',
    suggestion: 'Do the waiting before: a transaction of this driver ends when the callback returns.',
  });

const ended = (): AshlarError =>
  new AshlarError('session-aborted', {
    message: 'The transaction ended before guardedSync(…) did: a statement in it committed or rolled back.',
    suggestion: 'Leave BEGIN, COMMIT and ROLLBACK to guardedSync.',
  });

const notGuarded = (cause: unknown): AshlarError =>
  new AshlarError('database-missing', {
    message: 'This file has no guard.',
    suggestion: 'Run `ashlar guard up` on it.',
    cause,
  });
