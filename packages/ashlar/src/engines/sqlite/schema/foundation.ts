import type { FoundationObject, FoundationVersion } from '../../../contract/dialect.js';
import { identityTable } from '../../../sql/identity-table.js';
import { sql } from '../../../sql/template.js';
import { testMarkTable } from '../../../sql/test-mark.js';

/**
 * The table in which triggers find the actor and scope of the writing session. A trigger can see neither temporary
 * tables nor, with `trusted_schema=OFF`, application-defined functions: so a session writes its actor and scope into
 * this one row, and deletes it before it commits. Without the row, a writer is not a session.
 */
export const sessionTable: FoundationObject = {
  name: 'ashlar_session',
  exists: "SELECT 1 AS found FROM main.sqlite_schema WHERE type = 'table' AND name = 'ashlar_session'",
  create: sql`
    CREATE TABLE ashlar_session (
      id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
      actor TEXT,
      scope TEXT
    ) STRICT
  `,
};

/** The statements that write and delete the row of the session table. */
export const sessionRow = {
  write: 'INSERT OR REPLACE INTO main.ashlar_session (id, actor, scope) VALUES (1, ?, ?)',
  remove: 'DELETE FROM main.ashlar_session',
} as const;

/** The tables that a running purge deletes from: a trigger cannot find out who deletes. */
export const purgeTable: FoundationObject = {
  name: 'ashlar_purge',
  exists: "SELECT 1 AS found FROM main.sqlite_schema WHERE type = 'table' AND name = 'ashlar_purge'",
  create: sql`
    CREATE TABLE ashlar_purge (
      table_name TEXT NOT NULL PRIMARY KEY
    ) STRICT, WITHOUT ROWID
  `,
};

/** The table that has a row in a database that is marked as a test database. */
const testMark: FoundationObject = {
  name: testMarkTable,
  exists: `SELECT 1 AS found FROM main.sqlite_schema WHERE type = 'table' AND name = '${testMarkTable}'`,
  create: sql`
    CREATE TABLE ${testMarkTable} (
      id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1)
    ) STRICT
  `,
};

/** The table of the database's own identity. */
const identity: FoundationObject = {
  name: identityTable,
  exists: `SELECT 1 AS found FROM main.sqlite_schema WHERE type = 'table' AND name = '${identityTable}'`,
  create: sql`
    CREATE TABLE ${identityTable} (
      number INTEGER NOT NULL PRIMARY KEY,
      token TEXT NOT NULL
    ) STRICT
  `,
};

/** The tables that version 2 added. */
const later: readonly FoundationObject[] = [testMark, identity];

/** Ashlar's own tables of version 1. */
export const firstFoundation: readonly FoundationObject[] = [sessionTable, purgeTable];

/** The foundation objects on SQLite: Ashlar's own tables, which must exist before any table of a system is created. */
export const foundation: readonly FoundationObject[] = [...firstFoundation, ...later];

/**
 * The versions after the first. A change of this file adds one, in both dialects, so that databases of earlier releases
 * get it too; decision 0024 says what it may do.
 */
export const foundationVersions: readonly FoundationVersion[] = [
  // keys and words are on PostgreSQL only: a file has no roles, so SQL with the file has its keys as well; and SQLite has the
  // tokenizer whose words the function of PostgreSQL returns
  { version: 2, name: 'context_and_words', oldest: 1, change: later.map(({ create }) => create) },
];
