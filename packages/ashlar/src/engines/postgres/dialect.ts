import type { SqlDialect } from '../../contract/dialect.js';
import { identifier } from '../../model/index.js';
import { tableRenamer } from '../rename-tables.js';
import { printing } from './catalogue/printing.js';
import { postgresRoles } from './roles/roles.js';
import { adoption } from './schema/adopt.js';
import { postgresBatches } from './schema/batches.js';
import { changes } from './schema/changes.js';
import { postgresContents } from './schema/contents.js';
import { conversionSql } from './schema/conversions.js';
import { createTable, createTables } from './schema/create-table.js';
import { declaredObjects, viewSql } from './schema/declared-objects.js';
import { dump } from './schema/dump.js';
import { expansionSteps } from './schema/expansion/steps.js';
import { postgresGuarding } from './schema/external.js';
import { firstFoundation, foundation, foundationVersions } from './schema/foundation.js';
import { generatedColumnObjects } from './schema/generated-columns.js';
import { postgresProving } from './schema/proving.js';
import { postgresSequences } from './schema/sequences.js';
import { storedForm } from './schema/stored-form.js';
import { postgresContextKeys } from './session/context-keys.js';

/** The SQL dialect of PostgreSQL, which servers and PGlite share. */
export const postgresDialect: SqlDialect = {
  name: 'postgres',
  now: (precision) => `now()::timestamptz(${precision})`,
  lockRows: ' for update',
  firstFoundation,
  foundation,
  foundationVersions,
  createTable: (table) => createTable(table),
  createTables,
  generatedColumnObjects,
  declaredObjects,
  viewSql,
  changes,
  expansion: expansionSteps,
  converted: (from, to) => conversionSql(from, to, identifier(from[1].name)),
  findBroken: async () => [],
  renameTables: tableRenamer('postgres'),
  // DROP TABLE deletes no row of another table, and there is no REPLACE
  ownerOfSteps: (owner) => owner,
  storedForm,
  dump,
  proving: postgresProving,
  contents: postgresContents,
  batches: postgresBatches,
  sequences: postgresSequences,
  guarding: postgresGuarding,
  adoption,
  printing,
  roles: postgresRoles,
  contextKeys: postgresContextKeys,
};
