import type { PGlite } from '@electric-sql/pglite';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { longestIdle } from '../../../../../test/support/engines.js';
import {
  closeIdle,
  giveBack,
  reuseInMemory,
  takeEmptied,
} from '../../../src/engines/postgres/pglite/emptied.js';
import { createPglite } from '../../../src/engines/postgres/pglite/template.js';

afterEach(closeIdle);

const rows = async (database: PGlite, sql: string): Promise<readonly unknown[]> =>
  (await database.query(sql)).rows;

/** What a program can see that another left: objects, rights, settings and the state of the connection. */
const stateOf = async (database: PGlite): Promise<unknown> => {
  const catalogs = (await rows(
    database,
    `SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'oid'
     WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r' ORDER BY 1`,
  )) as { name: string }[];
  const counts = await rows(
    database,
    catalogs.map(({ name }) => `SELECT '${name}' AS catalog, count(*)::int FROM ${name}`).join(' UNION ALL '),
  );
  return {
    counts,
    inTransaction: await database.exec('SAVEPOINT s').then(
      () => true,
      () => false,
    ),
    user: await rows(database, 'SELECT session_user, current_user, current_schemas(true)::text'),
    settings: await rows(database, `SELECT name, setting FROM pg_settings WHERE source = 'session'`),
    schema: await rows(
      database,
      `SELECT nspname, nspowner::regrole::text, nspacl::text FROM pg_namespace
       WHERE nspname NOT LIKE 'pg\\_%' ORDER BY 1`,
    ),
    rights: await rows(database, 'SELECT datacl::text FROM pg_database WHERE datname = current_database()'),
    ofRoles: await rows(database, 'SELECT * FROM pg_db_role_setting'),
    prepared: await rows(database, 'SELECT name FROM pg_prepared_statements WHERE from_sql'),
    locks: await rows(database, `SELECT objid FROM pg_locks WHERE locktype = 'advisory'`),
    heard: await rows(database, 'SELECT pg_listening_channels()'),
  };
};

const left: Readonly<Record<string, string>> = {
  'a table, a view and a sequence': `CREATE TABLE t (id int PRIMARY KEY); CREATE VIEW v AS SELECT * FROM t; CREATE SEQUENCE q`,
  'types and a cast': `CREATE TYPE kind AS ENUM ('a'); CREATE DOMAIN positive AS int CHECK (value > 0);
    CREATE TYPE pair AS (a int, b int); CREATE FUNCTION f(kind) RETURNS pair LANGUAGE sql AS 'SELECT NULL::pair';
    CREATE CAST (kind AS pair) WITH FUNCTION f(kind)`,
  'a function and a trigger': `CREATE TABLE t (id int);
    CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
    CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()`,
  'another schema': 'CREATE SCHEMA "Other one"; CREATE TABLE "Other one".t (id int)',
  'no schema': 'DROP SCHEMA public',
  'a schema with other rights':
    'REVOKE ALL ON SCHEMA public FROM PUBLIC; GRANT CREATE ON SCHEMA public TO PUBLIC',
  'roles with rights, members and objects': `CREATE ROLE "Jo e"; CREATE ROLE other IN ROLE "Jo e"; CREATE TABLE t (id int);
    GRANT SELECT ON t TO other; CREATE TABLE u (id int); ALTER TABLE u OWNER TO "Jo e"; CREATE SCHEMA s AUTHORIZATION other`,
  'default privileges': 'CREATE ROLE joe; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO joe',
  'a setting of a role': `CREATE ROLE joe; ALTER ROLE joe SET work_mem = '1MB'`,
  'a setting of the database': `ALTER DATABASE postgres SET work_mem = '1MB'`,
  'rights on the database': 'REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC',
  'a right on a setting': 'CREATE ROLE joe; GRANT SET ON PARAMETER work_mem TO joe',
  'an event trigger': `CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
    CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()`,
  'a publication': 'CREATE PUBLICATION p',
  'a large object': `SELECT lo_from_bytea(0, 'x')`,
  'a foreign server': 'CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w',
  'a temporary table': 'CREATE TEMPORARY TABLE t (id int)',
  'a prepared statement': 'PREPARE p AS SELECT 1',
  'settings of the session': `SET work_mem = '1MB'; SET search_path = pg_catalog; SET statement_timeout = 60000`,
  'another user': 'CREATE ROLE joe; SET SESSION AUTHORIZATION joe',
  'another role': 'CREATE ROLE joe; SET ROLE joe',
  'an open transaction': 'BEGIN; CREATE TABLE t (id int)',
  'a transaction that changed nothing': 'BEGIN; SAVEPOINT s',
  'advisory locks': 'SELECT pg_advisory_lock(7), pg_advisory_lock(7)',
  'a channel it listens to': 'LISTEN news',
};

describe('a database that is given back', () => {
  let expected: unknown;
  beforeAll(async () => {
    const { database } = await createPglite(undefined);
    expected = await stateOf(database);
    await database.close();
  });

  it.each(Object.entries(left))('is empty for the next: %s', async (_, sql) => {
    const first = await takeEmptied();
    await first.database.exec(sql);
    await giveBack(first, 60_000);
    const next = await takeEmptied();
    try {
      expect(await stateOf(next.database)).toEqual(expected);
    } finally {
      await next.database.close();
    }
  });

  it('is used again, but not without end', async () => {
    const used: PGlite[] = [];
    for (let n = 0; n < 45; n++) {
      const made = await takeEmptied();
      used.push(made.database);
      await made.database.exec('CREATE TABLE t (id int); CREATE ROLE joe');
      await giveBack(made, 60_000);
    }
    expect(new Set(used).size).toBe(2);
    expect(used.filter((one) => one === used[0])).toHaveLength(40);
  });

  it('is closed when its time is over', async () => {
    reuseInMemory(0);
    try {
      const made = await takeEmptied();
      await giveBack(made, 1);
      await expect.poll(() => made.database.closed).toBe(true);
    } finally {
      reuseInMemory(longestIdle);
    }
  });
});
