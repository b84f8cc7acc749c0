import type { Engine } from '../contract/engine.js';
import type { SqlName } from '../contract/sql.js';

// imported on use: drivers are optional peer dependencies
const openers: Readonly<Record<SqlName, () => Promise<Engine>>> = {
  sqlite: async () =>
    (await import('./sqlite/engine.js')).openSqlite({ url: 'sqlite::memory:' }, false, ':memory:'),
  postgres: async () => (await import('./postgres/pglite/shadow.js')).openPgliteShadow(),
};

/**
 * Opens an empty in-memory database of the given SQL dialect, for comparing schemas. Closing it removes it.
 *
 * @throws AshlarError `driver-missing`
 */
export function openShadow(dialect: SqlName): Promise<Engine> {
  return openers[dialect]();
}
