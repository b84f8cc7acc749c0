import type { SqlDialect } from '../engine.js';
import { now } from './column-sql.js';
import { createTable } from './ddl.js';

/** The SQL of SQLite. */
export const sqliteDialect: SqlDialect = {
  name: 'sqlite',
  now,
  createTable,
  changes: () => [],
  dump: () => '',
  openShadow: async () =>
    (await import('./engine.js')).openSqlite({ url: 'sqlite::memory:' }, false, ':memory:'),
};
