import type { SqlDialect } from '../../contract/dialect.js';
import { changes } from './schema/changes.js';
import { now } from './schema/column-sql.js';
import { createTable } from './schema/ddl.js';
import { foundation } from './schema/foundation.js';
import { generatedColumnObjects } from './schema/generated-columns.js';
import { sqliteProving } from './schema/proving.js';
import { dump } from './schema/render.js';
import { storedForm } from './schema/stored-form.js';

/** The SQL dialect of SQLite: creating, comparing and dumping schemas. */
export const sqliteDialect: SqlDialect = {
  name: 'sqlite',
  now,
  foundation,
  createTable,
  generatedColumnObjects,
  changes,
  storedForm,
  dump,
  proving: sqliteProving,
  roles: undefined,
};
