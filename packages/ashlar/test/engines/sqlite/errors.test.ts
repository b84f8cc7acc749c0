import { expect, test } from 'vitest';
import { commitError } from '../../../src/engines/sqlite/driver/errors.js';
import { failure, rows, script, workplace, write } from './support.js';

const { file, open } = workplace();

const schema = `
  CREATE TABLE parents (id INTEGER CONSTRAINT parents_pkey PRIMARY KEY) STRICT;
  CREATE TABLE jobs (
    id        INTEGER PRIMARY KEY,
    parent_id INTEGER REFERENCES parents (id),
    a         TEXT NOT NULL,
    b         TEXT,
    status    TEXT CONSTRAINT jobs_status_check CHECK (status IN ('open', 'done')),
    CONSTRAINT jobs_a_b_key UNIQUE (a, b)
  ) STRICT;
  CREATE TRIGGER jobs_kept BEFORE DELETE ON jobs BEGIN SELECT RAISE(ABORT, 'ashlar/append-only: rows of jobs are never deleted'); END;
  CREATE TRIGGER jobs_other BEFORE UPDATE ON jobs BEGIN SELECT RAISE(ABORT, 'something else'); END;
  INSERT INTO jobs (a, b) VALUES ('secret-value', 'y');`;

test.each([
  ["INSERT INTO jobs (a, b) VALUES ('secret-value', 'y')", 'unique-violation', /jobs with the same a, b/],
  ["INSERT INTO jobs (id, a) VALUES (1, 'secret-value')", 'unique-violation', /row of jobs with the same id/],
  ["INSERT INTO jobs (a, parent_id) VALUES ('secret-value', 9)", 'foreign-key-violation', undefined],
  ["INSERT INTO jobs (a, status) VALUES ('x', 'secret-value')", 'check-violation', /jobs_status_check/],
  ["INSERT INTO jobs (id, a) VALUES ('secret-value', 'x')", 'value-invalid', undefined],
  ["INSERT INTO jobs (a, parent_id) VALUES ('x', 'secret-value')", 'value-invalid', /jobs\.parent_id/],
  ['INSERT INTO jobs (b) VALUES (1)', 'not-null-violation', /jobs\.a/],
  ['DELETE FROM jobs', 'guarantee-violated', /append-only/],
  ["UPDATE jobs SET b = 'secret-value'", 'statement-failed', undefined],
  ['SELECT missing FROM jobs', 'statement-failed', /no such column/],
  ['SELEC', 'privilege-missing', undefined],
] as const)('%s', async (sql, code, detail) => {
  const engine = await open();
  await script(engine, schema);
  const error = await failure(code, () => write(engine, (t) => t.execute(sql, [])));
  expect(JSON.stringify(error)).not.toContain('secret-value');
  if (detail) expect(`${error.message} ${error.detail}`).toMatch(detail);
  if (code === 'guarantee-violated') expect(error.message).toBe('rows of jobs are never deleted');
});

test('INSERT OR REPLACE runs the triggers of a delete', async () => {
  const engine = await open();
  await script(engine, schema);
  const replace = "INSERT OR REPLACE INTO jobs (id, a, b) VALUES (1, 'new', 'new')";
  await failure('guarantee-violated', () => write(engine, (t) => t.execute(replace, [])));
});

test('a full disk is reported, and the transaction is rolled back', async () => {
  const path = file();
  const engine = await open({ path });
  await script(engine, 'CREATE TABLE t (x TEXT) STRICT; PRAGMA max_page_count = 20');
  const transaction = await engine.begin({ mode: 'write', actor: null, scope: null });
  await transaction.execute("INSERT INTO t VALUES ('small')", []);
  await failure('disk-full', () =>
    transaction.execute("INSERT INTO t VALUES (printf('%.200000c', 'x'))", []),
  );
  await transaction.rollback();
  expect(await rows(engine, 'SELECT * FROM t')).toEqual([]);
});

test('a commit with an I/O error has an unknown outcome', () => {
  const failed = (code: string) => commitError(Object.assign(new Error('disk I/O error'), { code })).code;
  expect(['SQLITE_IOERR_FSYNC', 'SQLITE_FULL', 'SQLITE_IOERR_WRITE'].map(failed)).toEqual(
    Array(3).fill('outcome-unknown'),
  );
  expect(failed('SQLITE_CONSTRAINT_FOREIGNKEY')).toBe('foreign-key-violation');
});

test('a violated deferred foreign key fails the commit, and the transaction is rolled back', async () => {
  const engine = await open();
  await script(
    engine,
    'CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INTEGER REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED)',
  );
  const transaction = await engine.begin({ mode: 'write', actor: null, scope: null });
  await transaction.execute('INSERT INTO c VALUES (1)', []);
  await failure('foreign-key-violation', () => transaction.commit());
  expect(await rows(engine, 'SELECT * FROM c')).toEqual([]);
  await write(engine, (t) => t.execute('INSERT INTO p VALUES (1)', []));
});
