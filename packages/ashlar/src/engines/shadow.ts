import type { Engine } from '../contract/engine.js';
import type { SqlName } from '../contract/sql.js';

// imported on use: drivers are optional peer dependencies
const openers: Readonly<Record<SqlName, () => Promise<Engine>>> = {
  sqlite: async () =>
    (await import('./sqlite/engine.js')).openSqlite({ url: 'sqlite::memory:' }, false, ':memory:'),
  postgres: async () => {
    hasIdle = true;
    return (await import('./postgres/pglite/shadow.js')).openPgliteShadow();
  },
};

let hasIdle = false;

/**
 * Opens an empty in-memory database of the given SQL dialect, for comparing schemas. Closing it removes it.
 *
 * @throws AshlarError `driver-missing`
 */
export function openShadow(dialect: SqlName): Promise<Engine> {
  return openers[dialect]();
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
