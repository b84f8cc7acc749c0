import type { SqlDialect } from '../../contract/dialect.js';
import { tableRenamer } from '../rename-tables.js';
import { adoption } from './schema/adopt.js';
import { sqliteBatches } from './schema/batches.js';
import { findBroken } from './schema/broken.js';
import { changes } from './schema/changes.js';
import { now } from './schema/column-sql.js';
import { sqliteContents } from './schema/contents.js';
import { copiedValue } from './schema/conversions.js';
import { createTable } from './schema/ddl.js';
import { declaredObjects, viewSql } from './schema/declared-objects.js';
import { expansionSteps } from './schema/expansion/steps.js';
import { sqliteGuarding } from './schema/external.js';
import { firstFoundation, foundation, foundationVersions } from './schema/foundation.js';
import { generatedColumnObjects } from './schema/generated-columns.js';
import { sqliteProving } from './schema/proving.js';
import { refilledByName } from './schema/refill.js';
import { dump } from './schema/render.js';
import { storedForm } from './schema/stored-form.js';
import { withoutImplicitDeletes } from './session/implicit-deletes.js';

/** The SQL dialect of SQLite: creating, comparing and dumping schemas. */
export const sqliteDialect: SqlDialect = {
  name: 'sqlite',
  now,
  // a session that writes already holds the only write lock
  lockRows: '',
  firstFoundation,
  foundation,
  foundationVersions,
  createTable,
  // a foreign key may name a table that does not exist yet
  createTables: (tables, andThen = () => []) =>
    tables.flatMap((table) => [...createTable(table), ...andThen(table)]),
  generatedColumnObjects,
  declaredObjects,
  viewSql,
  changes,
  expansion: expansionSteps,
  converted: copiedValue,
  findBroken,
  renameTables: tableRenamer('sqlite', refilledByName),
  ownerOfSteps: withoutImplicitDeletes,
  storedForm,
  dump,
  proving: sqliteProving,
  contents: sqliteContents,
  batches: sqliteBatches,
  sequences: undefined,
  guarding: sqliteGuarding,
  adoption,
  printing: undefined,
  roles: undefined,
  contextKeys: undefined,
};
