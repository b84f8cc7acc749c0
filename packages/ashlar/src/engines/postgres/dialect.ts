import type { SqlDialect } from '../../contract/dialect.js';
import { postgresRoles } from './roles/roles.js';
import { changes } from './schema/changes.js';
import { createTable } from './schema/create-table.js';
import { dump } from './schema/dump.js';
import { scopeBounds } from './schema/foundation.js';
import { generatedColumnObjects } from './schema/generated-columns.js';
import { postgresProving } from './schema/proving.js';
import { storedForm } from './schema/stored-form.js';

/** The SQL dialect of PostgreSQL, which servers and PGlite share. */
export const postgresDialect: SqlDialect = {
  name: 'postgres',
  now: (precision) => `now()::timestamptz(${precision})`,
  foundation: scopeBounds,
  createTable,
  generatedColumnObjects,
  changes,
  storedForm,
  dump,
  proving: postgresProving,
  roles: postgresRoles,
};
