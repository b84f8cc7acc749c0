import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { isRetryable } from '../../../src/engines/retryable.js';
import { autoincrement, id, references, table, unique } from '../../../src/model/index.js';
import { createTables, firstRow, opened, postgresEngines, transaction } from './opened.js';

const jobs = table(
  'jobs',
  { id: autoincrement(), name: z.string().max(5), size: z.int().default(0) },
  (c) => [unique(c.name, c.size)],
);
const lines = table('lines', { id: id(), job_id: z.int() }, (c) => [references(c.job_id, jobs.columns.id)]);

describe.each(postgresEngines)('transactions on $name', (test) => {
  const statements: string[] = [];
  const it$ = opened(test, { onStatement: ({ sql }) => statements.push(sql) });

  beforeAll(() => createTables(it$.engine, jobs, lines));

  const count = async (name: string): Promise<unknown> =>
    firstRow(await it$.engine.read('SELECT count(*) AS n FROM jobs WHERE name = $1', [name])).n;

  it('have their own actor and scope', async () => {
    const context =
      "SELECT current_setting('ashlar.actor', true) AS actor, current_setting('ashlar.scope', true) AS scope";
    const seen = await transaction(it$.engine, async (t) => firstRow(await t.execute(context, [])), {
      actor: "user:o'hara\\",
      scope: 'tenant',
    });
    expect(seen).toEqual({ actor: "user:o'hara\\", scope: 'tenant' });
    const without = await transaction(it$.engine, async (t) => firstRow(await t.execute(context, [])));
    expect(without).toEqual({ actor: '', scope: '' });
  });

  it('send nothing when no statement runs in them', async () => {
    statements.length = 0;
    const t = await it$.engine.begin({ mode: 'write', actor: null, scope: null });
    await t.savepoint('a');
    await t.release('a');
    await t.commit();
    expect(statements).toEqual([]);
  });

  it('roll back a savepoint alone', async () => {
    await transaction(it$.engine, async (t) => {
      await t.execute('INSERT INTO jobs (name) VALUES ($1)', ['one']);
      await t.savepoint('a');
      await t.execute('INSERT INTO jobs (name) VALUES ($1)', ['two']);
      await t.savepoint('b');
      await expect(t.execute('INSERT INTO jobs (name) VALUES ($1)', ['too long'])).rejects.toMatchObject({
        code: 'check-violation',
      });
      await t.rollbackTo('b');
      await t.release('b');
      await t.rollbackTo('a');
      await t.release('a');
      await t.savepoint('c');
      await t.execute('INSERT INTO jobs (name) VALUES ($1)', ['three']);
      await t.release('c');
    });
    expect([await count('one'), await count('two'), await count('three')]).toEqual([1, 0, 1]);
  });

  it('keep nothing after a rollback', async () => {
    const t = await it$.engine.begin({ mode: 'write', actor: null, scope: null });
    await t.execute('INSERT INTO jobs (name) VALUES ($1)', ['gone']);
    await t.rollback();
    expect(await count('gone')).toBe(0);
  });

  it('cannot be committed after a statement failed', async () => {
    const t = await it$.engine.begin({ mode: 'write', actor: null, scope: null });
    await t.execute('INSERT INTO jobs (name) VALUES ($1)', ['lost']);
    await expect(t.execute('SELEC', [])).rejects.toMatchObject({
      code: 'statement-failed',
      detail: 'SQLSTATE 42601',
    });
    await expect(t.execute('SELECT 1', [])).rejects.toMatchObject({ code: 'session-aborted' });
    await expect(t.commit()).rejects.toMatchObject({ code: 'session-aborted' });
    expect(await count('lost')).toBe(0);
  });

  it('refuse writes when they only read, and so does read()', async () => {
    await expect(
      transaction(it$.engine, (t) => Promise.resolve(t.execute("INSERT INTO jobs (name) VALUES ('x')", [])), {
        mode: 'read',
      }),
    ).rejects.toMatchObject({ code: 'session-read-only' });
    for (const sql of [
      "INSERT INTO jobs (name) VALUES ('x')",
      "WITH w AS (INSERT INTO jobs (name) VALUES ('x') RETURNING id) SELECT * FROM w",
    ]) {
      await expect(it$.engine.read(sql, [])).rejects.toMatchObject({ code: 'session-read-only' });
    }
    expect(await count('x')).toBe(0);
  });

  it('stream rows in order, in chunks, and the stream can be ended early', async () => {
    await transaction(it$.engine, async (t) => {
      const seen: unknown[] = [];
      for await (const row of t.stream('SELECT n FROM generate_series(1, $1::int) AS n', [250], 100))
        seen.push(row.n);
      expect(seen).toEqual(Array.from({ length: 250 }, (_, i) => i + 1));
      for await (const row of t.stream('SELECT n FROM generate_series(1, 1000) AS n', [], 10))
        if (row.n === 15) break;
      expect(
        (await t.execute("SELECT count(*) AS n FROM pg_cursors WHERE name LIKE 'ashlar%'", [])).rows,
      ).toEqual([{ n: 0 }]);
    });
  });

  it('name the key and its columns in a violation, never the values', async () => {
    await transaction(it$.engine, (t) =>
      Promise.resolve(t.execute("INSERT INTO jobs (name, size) VALUES ('uniq', 4711)", [])),
    );
    const failing = (sql: string) =>
      transaction(it$.engine, (t) => Promise.resolve(t.execute(sql, []))).catch((error) => error);
    const errors = [
      await failing("INSERT INTO jobs (name, size) VALUES ('uniq', 4711)"),
      await failing("INSERT INTO lines VALUES ('0192d7a0-0000-7000-8000-000000004711', 4711)"),
      await failing("INSERT INTO jobs (name) VALUES ('4711 is long')"),
      await failing('INSERT INTO jobs (name) VALUES (NULL)'),
      await failing("SELECT '4711 is no uuid'::uuid"),
    ];
    expect(errors.map(({ code }) => code)).toEqual([
      'unique-violation',
      'foreign-key-violation',
      'check-violation',
      'not-null-violation',
      'value-invalid',
    ]);
    expect(errors[0].detail).toBe('The unique key jobs_name_size_key (name, size) allows each value once.');
    expect(errors[1].message).toBe('A row of lines references a row of jobs that does not exist.');
    for (const error of errors) {
      expect(
        `${error.message} ${error.detail} ${error.cause.message} ${JSON.stringify(error.cause)}`,
      ).not.toContain('4711');
    }
  });

  it('report the error of a guarantee as guarantee-violated', async () => {
    const refusal =
      "DO $$ BEGIN RAISE EXCEPTION 'ashlar/append-only: rows of notes are never changed'; END $$";
    await expect(
      transaction(it$.engine, (t) => Promise.resolve(t.execute(refusal, []))),
    ).rejects.toMatchObject({
      code: 'guarantee-violated',
      message: 'rows of notes are never changed',
      detail: expect.stringContaining('append-only'),
    });
  });

  it('mark errors after which they can be run again', async () => {
    const conflict = "DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = '40001'; END $$";
    const error = await transaction(it$.engine, (t) => Promise.resolve(t.execute(conflict, []))).catch(
      (thrown) => thrown,
    );
    expect(error).toMatchObject({ code: 'statement-failed', cause: { code: '40001' } });
    expect(isRetryable(error)).toBe(true);
    expect(isRetryable(new Error('other'))).toBe(false);
  });

  it('reuse prepared statements after the schema changed', async () => {
    await createTables(it$.engine, table('shapes', { id: autoincrement(), note: z.string().default('') }));
    const select = 'SELECT * FROM shapes WHERE id >= $1';
    for (let i = 0; i < 3; i++) await it$.engine.read(select, [0]);
    await it$.engine.asOwner((owner) =>
      owner.script("ALTER TABLE shapes ADD COLUMN name text DEFAULT 'x'; INSERT INTO shapes DEFAULT VALUES"),
    );
    expect((await it$.engine.read(select, [0])).rows).toEqual([{ id: 1, note: '', name: 'x' }]);
    await transaction(it$.engine, async (t) => {
      expect((await t.execute(select, [0])).rows).toEqual([{ id: 1, note: '', name: 'x' }]);
    });
  });

  it('run more different statements than stay prepared', async () => {
    await transaction(it$.engine, async (t) => {
      for (let i = 0; i < 650; i++) await t.execute(`SELECT $1::int + ${i % 400} AS n`, [1]);
      const kept = await t.execute('SELECT count(*) AS n FROM pg_prepared_statements', []);
      expect(firstRow(kept).n).toBeLessThanOrEqual(301);
    });
  });

  it('report that the database is closed', async () => {
    const place = await test.place();
    const { openEngine } = await import('../../../src/engines/open.js');
    const engine = await openEngine({ url: place.url });
    await engine.close();
    await engine.close();
    await expect(Promise.resolve(engine.read('SELECT 1', []))).rejects.toMatchObject({
      code: 'database-closed',
    });
    await place.remove();
  });
});
