import type { Engine } from '../contract/engine.js';
import type { GuardedPlace } from '../contract/guards.js';
import type { SqlName } from '../contract/sql.js';

// imported on use: drivers are optional peer dependencies
const openers: Readonly<Record<SqlName, (guards?: GuardedPlace) => Promise<Engine>>> = {
  sqlite: async (guards) =>
    (await import('./sqlite/engine.js')).openSqlite({ url: 'sqlite::memory:', guards }, false, ':memory:'),
  postgres: async (guards) => {
    hasIdle = true;
    return (await import('./postgres/pglite/shadow.js')).openPgliteShadow(guards);
  },
};

let hasIdle = false;

/**
 * Opens an empty in-memory database of the given SQL dialect, for comparing schemas. Closing it removes it.
 *
 * @param guards - where the tables are that a guard is on
 * @throws AshlarError `driver-missing`
 */
export function openShadow(dialect: SqlName, guards?: GuardedPlace): Promise<Engine> {
  return openers[dialect](guards);
}

/** Closes the databases that wait for another comparison, for a process that has nothing more to do. */
export async function closeIdleShadows(): Promise<void> {
  if (hasIdle) await (await import('./postgres/pglite/emptied.js')).closeIdle();
}

/**
 * Returns the version of the engine in which shadows are made, without loading it; `undefined` where a shadow costs so little
 * that what it shows is not worth keeping, and where the engine is not installed.
 */
export async function shadowVersion(dialect: SqlName): Promise<string | undefined> {
  if (dialect === 'sqlite') return undefined;
  const { installedVersion } = await import('./postgres/pglite/version.js');
  return installedVersion().catch(() => undefined);
}
