import type { SqlDialect } from '../engine.js';
import { changes } from './changes.js';
import { now } from './column-sql.js';
import { createTable } from './ddl.js';
import { foundation } from './foundation.js';
import { sqliteProving } from './proving.js';
import { dump } from './render.js';

/** The SQL of SQLite. */
export const sqliteDialect: SqlDialect = {
  name: 'sqlite',
  now,
  foundation,
  createTable,
  changes,
  dump,
  proving: sqliteProving,
  roles: undefined,
  openShadow: async () =>
    (await import('./engine.js')).openSqlite({ url: 'sqlite::memory:' }, false, ':memory:'),
};
