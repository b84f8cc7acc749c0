import type { SqlDialect } from '../engine.js';
import { changes } from './changes.js';
import { createTable } from './create-table.js';
import { dump } from './dump.js';
import { scopeBounds } from './foundation.js';
import { postgresProving } from './proving.js';
import { postgresRoles } from './roles/roles.js';

/** The SQL of PostgreSQL, on a server and embedded. */
export const postgresDialect: SqlDialect = {
  name: 'postgres',
  now: (precision) => `now()::timestamptz(${precision})`,
  foundation: scopeBounds,
  createTable,
  changes,
  dump,
  proving: postgresProving,
  roles: postgresRoles,
  // loaded when asked for: it needs this dialect itself
  openShadow: async () => (await import('./shadow.js')).openShadow(),
};
