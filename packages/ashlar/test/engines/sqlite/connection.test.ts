import { describe, expect, test } from 'vitest';
import type { Engine } from '../../../src/contract/engine.js';
import { createFoundation } from '../../../src/engines/foundation.js';
import { failure, noContext, rawKey, rows, script, workplace, write } from './support.js';

const { file, open } = workplace();

const settings = `
  SELECT journal_mode, synchronous, foreign_keys, recursive_triggers, trusted_schema, cell_size_check, temp_store, cache_size,
         query_only, timeout
  FROM pragma_journal_mode, pragma_synchronous, pragma_foreign_keys, pragma_recursive_triggers, pragma_trusted_schema,
       pragma_cell_size_check, pragma_temp_store, pragma_cache_size, pragma_query_only, pragma_busy_timeout`;

const always = {
  journal_mode: 'wal',
  synchronous: 2,
  foreign_keys: 1,
  recursive_triggers: 1,
  trusted_schema: 0,
  cell_size_check: 1,
  temp_store: 2,
  timeout: 20,
};

const writerSettings = (engine: Engine) =>
  write(engine, async (t) => (await t.execute(settings, [])).rows[0]);

describe.each([{ encrypted: false }, { encrypted: true }])(
  'every connection has its settings, encrypted: $encrypted',
  ({ encrypted }) => {
    test('the writer and every reader', async () => {
      const engine = await open({ encrypted, key: rawKey });
      expect(await writerSettings(engine)).toEqual({ ...always, cache_size: -65_536, query_only: 0 });
      const readers = await Promise.all(
        Array.from({ length: 4 }, () => engine.begin({ mode: 'read', ...noContext })),
      );
      for (const reader of readers) {
        expect((await reader.execute(settings, [])).rows).toEqual([
          { ...always, cache_size: -16_384, query_only: 1 },
        ]);
        await reader.commit();
      }
    });

    test('less durable only with durability: normal', async () => {
      const engine = await open({ encrypted, key: rawKey, durability: 'normal' });
      expect(await writerSettings(engine)).toMatchObject({ synchronous: 1 });
    });
  },
);

test('a read session sees one snapshot, and cannot write', async () => {
  const engine = await open();
  await script(engine, 'CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT) STRICT');
  const reader = await engine.begin({ mode: 'read', ...noContext });
  await write(engine, (t) => t.execute('INSERT INTO notes (body) VALUES (?)', ['later']));
  expect((await reader.execute('SELECT count(*) AS n FROM notes', [])).rows).toEqual([{ n: 0 }]);
  await failure('session-read-only', () => reader.execute("INSERT INTO notes (body) VALUES ('x')", []));
  await reader.rollback();
  expect(await rows(engine, 'SELECT body FROM notes')).toEqual([{ body: 'later' }]);
});

test('a read session on a database in memory cannot write either', async () => {
  const engine = await open({ path: ':memory:' });
  await script(engine, 'CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT) STRICT');
  const reader = await engine.begin({ mode: 'read', ...noContext });
  await failure('session-read-only', () => reader.execute("INSERT INTO notes (body) VALUES ('x')", []));
  await reader.commit();
  await write(engine, (t) => t.execute("INSERT INTO notes (body) VALUES ('x')", []));
  expect(await rows(engine, 'SELECT body FROM notes')).toEqual([{ body: 'x' }]);
});

test.each([
  'PRAGMA foreign_keys = OFF',
  "ATTACH 'x.db' AS other",
  'DROP TABLE notes',
  'CREATE TABLE other (id INTEGER)',
  ' -- a comment\n /* and another */ ;VACUUM',
  'COMMIT',
  'SAVEPOINT mine',
  '',
])('a session cannot run %j', async (sql) => {
  const engine = await open();
  const error = await failure('privilege-missing', () => write(engine, (t) => t.execute(sql, [])));
  expect(error.suggestion).toBeDefined();
});

test('two statements in one text are refused', async () => {
  const engine = await open();
  await failure('statement-failed', () => write(engine, (t) => t.execute('SELECT 1; DROP TABLE notes', [])));
});

describe('close', () => {
  test('refuses later and waiting transactions', async () => {
    const engine = await open({ lockTimeout: 2000 });
    const holder = await engine.begin({ mode: 'write', ...noContext });
    const waiting = failure('database-closed', () => engine.begin({ mode: 'write', ...noContext }));
    const closing = engine.close();
    await waiting;
    await holder.commit();
    await closing;
    await failure('database-closed', () => engine.begin({ mode: 'write', ...noContext }));
    await failure('database-closed', () => engine.begin({ mode: 'read', ...noContext }));
    await failure('database-closed', () => engine.read('SELECT 1', []));
    await engine.close();
  });

  test('waits for running transactions', async () => {
    const path = file();
    const engine = await open({ path });
    await script(engine, 'CREATE TABLE notes (id INTEGER PRIMARY KEY) STRICT');
    const transaction = await engine.begin({ mode: 'write', ...noContext });
    const closing = engine.close();
    await transaction.execute('INSERT INTO notes DEFAULT VALUES', []);
    await transaction.commit();
    await closing;
    expect(await rows(await open({ path }), 'SELECT id FROM notes')).toEqual([{ id: 1 }]);
  });
});

test.each([
  "INSERT OR REPLACE INTO ashlar_session (id, actor, scope) VALUES (1, 'another user', '*')",
  'UPDATE main."ASHLAR_SESSION" SET actor = NULL',
  'SELECT * FROM (SELECT actor FROM [ashlar_session])',
  "INSERT INTO ashlar_purge VALUES ('audit_logs')",
  // SQLite takes a string for a name
  "INSERT INTO 'ashlar_session' VALUES (1, 'another user', '*')",
  "UPDATE OR IGNORE main.'ashlar_session' SET actor = NULL",
  "SELECT * FROM ('ashlar_session')",
])('a session cannot access the tables from which guarantees read the actor: %s', async (sql) => {
  const engine = await open();
  await engine.asOwner((owner) => createFoundation(owner, engine.dialect));
  await failure('privilege-missing', () => write(engine, (t) => t.execute(sql, [])));
});

test.each([
  'DELETE FROM ashlar_migrations',
  "UPDATE main.ASHLAR_MIGRATIONS SET checksum = 'x'",
  'UPDATE sqlite_sequence SET seq = 9223372036854775807 RETURNING *',
  "INSERT INTO 'sqlite_sequence' VALUES ('notes', 9)",
  'WITH a AS (SELECT 1) DELETE FROM "sqlite_sequence"',
])('a session cannot write to the history or to the counters of AUTOINCREMENT: %s', async (sql) => {
  const engine = await open();
  await script(
    engine,
    `CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT) STRICT;
    CREATE TABLE ashlar_migrations (checksum TEXT) STRICT`,
  );
  await failure('privilege-missing', () => write(engine, (t) => t.execute(sql, [])));
  expect(await rows(engine, 'SELECT count(*) AS n FROM sqlite_sequence')).toEqual([{ n: 0 }]);
  expect(await rows(engine, 'SELECT count(*) AS n FROM ashlar_migrations')).toEqual([{ n: 0 }]);
});

test('a string literal with the name of such a table is allowed', async () => {
  const engine = await open();
  expect(await write(engine, (t) => t.execute("SELECT 'ashlar_session' AS word", []))).toMatchObject({
    rows: [{ word: 'ashlar_session' }],
  });
});
