import type { FoundationObject } from '../../../contract/dialect.js';

/**
 * Who acts, while a session writes. A trigger can see neither temporary tables nor, with `trusted_schema=OFF`, functions
 * of ours: so a session leaves its actor and scope in this one row, and takes it away again before it commits. Without
 * the row, a writer is not a session.
 */
export const sessionTable: FoundationObject = {
  name: 'ashlar_session',
  exists: "SELECT 1 AS found FROM main.sqlite_schema WHERE type = 'table' AND name = 'ashlar_session'",
  create: `CREATE TABLE ashlar_session (
  id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  actor TEXT,
  scope TEXT
) STRICT`,
};

/** Every statement of the row's life. */
export const sessionRow = {
  write: 'INSERT OR REPLACE INTO main.ashlar_session (id, actor, scope) VALUES (1, ?, ?)',
  remove: 'DELETE FROM main.ashlar_session',
} as const;

/** The tables whose due rows may leave now, while a retirement runs: a trigger cannot ask who deletes. */
const purgeTable: FoundationObject = {
  name: 'ashlar_purge',
  exists: "SELECT 1 AS found FROM main.sqlite_schema WHERE type = 'table' AND name = 'ashlar_purge'",
  create: `CREATE TABLE ashlar_purge (
  table_name TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID`,
};

/** What must be there before any table of a system. */
export const foundation: readonly FoundationObject[] = [sessionTable, purgeTable];
