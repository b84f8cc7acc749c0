import { check, type Database, primaryKey, table, unique } from 'ashlar';
import { proveData } from 'ashlar/prove';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { withRoles } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';

const parts = table('parts', { id: z.int(), n: z.int(), name: z.string() }, (c) => [
  primaryKey(c.id),
  unique(c.name),
  check('parts_share', '100 / n > 0'),
]);
const tables = { parts };

describe.each(withRoles)('an index that the rows contradict, on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  const run = (sql: string) => db.engine.asOwner((owner) => owner.run(sql));
  const findings = async (batch = 3) =>
    (await proveData(db.engine, { name: 'testing', tables } as never, { batch })).findings.map(
      ({ what, rows }) => [what, rows],
    );

  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables));
    const rows = Array.from({ length: 10 }, (_, id) => ({ id, n: 1, name: `part ${id}` }));
    await db.session((s) => s.insertMany(parts, rows));
  });
  afterAll(() => remove());

  it('is found where it lacks rows', async () => {
    expect(await findings()).toEqual([]);
    const ready = (value: boolean) =>
      run(`UPDATE pg_index SET indisready = ${value} WHERE indexrelid = 'parts_pkey'::regclass`);
    await ready(false);
    await run("INSERT INTO parts VALUES (20, 1, 'unseen')");
    await ready(true);
    expect(await findings()).toEqual([['the table is damaged: its primary key finds 10 of its 11 rows', 1]]);
    await run('REINDEX TABLE parts');
    expect(await findings()).toEqual([]);
    await run('DELETE FROM parts WHERE id = 20');
  });

  it('is not used where it is not valid, and each table is sorted once', async () => {
    await run('ALTER TABLE parts DROP CONSTRAINT parts_name_key');
    await run("INSERT INTO parts SELECT id + 100, n, 'same' FROM parts");
    const [[what, rows] = []] = await findings();
    expect(what).toMatch(/^has the values of another row in name/);
    expect(rows).toBe(10);
    await run('DELETE FROM parts WHERE id >= 100');
    await run('ALTER TABLE parts ADD CONSTRAINT parts_name_key UNIQUE (name)');
  });

  it('a check that fails for each row is told once, and costs a bounded number of statements', async () => {
    await run('ALTER TABLE parts DROP CONSTRAINT parts_share');
    await run("INSERT INTO parts SELECT id, 0, 'zero ' || id FROM generate_series(1000, 2199) AS id");
    let statements = 0;
    const counted = new Proxy(db.engine, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (name !== 'begin') return typeof value === 'function' ? value.bind(target) : value;
        return async (...given: Parameters<typeof target.begin>) => {
          const transaction = await target.begin(...given);
          const execute = transaction.execute.bind(transaction);
          transaction.execute = (...statement) => {
            statements++;
            return execute(...statement);
          };
          return transaction;
        };
      },
    });
    const { findings: found } = await proveData(counted, { name: 'testing', tables } as never, {
      batch: 400,
    });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      what: expect.stringMatching(/^cannot be checked whether it breaks the CHECK parts_share: /),
      rows: expect.any(Number),
    });
    expect(found[0]?.rows).toBeGreaterThan(800);
    expect(found[0]?.keys).toHaveLength(20);
    expect(statements).toBeLessThan(600);
  });

  it('rows that are written meanwhile are not read', async () => {
    let id = 10_000;
    const report = await proveData(db.engine, { name: 'testing', tables } as never, {
      batch: 500,
      onBatch: async () => {
        for (let n = 0; n < 600; n++, id++) await run(`INSERT INTO parts VALUES (${id}, 1, 'late ${id}')`);
      },
    });
    expect(report.complete).toBe(true);
    expect(report.rows).toBe(1_210);
  });
});
