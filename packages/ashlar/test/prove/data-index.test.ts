import { check, createdAt, type Database, id, index, primaryKey, table, unique } from 'ashlar';
import { audited, auditTrail } from 'ashlar/guarantees';
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
const log = auditTrail('log');
/** Another index than that of the key begins with its first column, and one begins with the whole key. */
const shelves = table('shelves', { scope: z.string(), id: z.int(), n: z.int() }, (c) => [
  primaryKey(c.scope, c.id),
  index(c.scope),
]);
const boxes = table('boxes', { id: z.int(), version: z.int() }, (c) => [
  primaryKey(c.id),
  index(c.id, c.version),
]);
const tasks = table('tasks', { id: id(), n: z.int(), written_at: createdAt() }, () => [
  audited({ into: log }),
]);
const tables = { parts, shelves, boxes, log, tasks };

describe.each(withRoles)('an index that the rows contradict, on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  const run = (sql: string) => db.engine.asOwner((owner) => owner.run(sql));
  const script = (sql: string) => db.engine.asOwner((owner) => owner.script(sql));
  const findings = async (batch = 3, of: object = { parts }) =>
    (await proveData(db.engine, { name: 'testing', tables: of } as never, { batch })).findings.map(
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
    const { findings: found } = await proveData(counted, { name: 'testing', tables: { parts } } as never, {
      batch: 400,
    });
    expect(found).toMatchObject([
      {
        what: expect.stringMatching(/^cannot be checked whether it breaks the CHECK parts_share: /),
        rows: 20,
      },
      {
        what: expect.stringMatching(
          /^is in a batch of which it is not known whether a row breaks the CHECK parts_share: /,
        ),
        keys: [],
      },
    ]);
    expect(found[1]?.rows).toBeGreaterThan(800);
    expect(found[0]?.keys).toHaveLength(20);
    expect(statements).toBeLessThan(600);
  });

  it('rows that are written meanwhile are not read', async () => {
    let id = 10_000;
    const report = await proveData(db.engine, { name: 'testing', tables: { parts } } as never, {
      batch: 500,
      onBatch: async () => {
        for (let n = 0; n < 600; n++, id++) await run(`INSERT INTO parts VALUES (${id}, 1, 'late ${id}')`);
      },
    });
    expect(report.complete).toBe(true);
    expect(report.rows).toBe(1_210);
  });

  /** Makes an index lack the rows that `work` writes. */
  const unseenBy = async (name: string, work: () => Promise<unknown>): Promise<void> => {
    const ready = (value: boolean) =>
      run(`UPDATE pg_index SET indisready = ${value} WHERE indexrelid = '${name}'::regclass`);
    await ready(false);
    await work();
    await ready(true);
  };

  it('is found though another index has a part of its columns', async () => {
    await script("INSERT INTO shelves SELECT 'a', n, n FROM generate_series(1, 500) AS n; ANALYZE shelves");
    expect(
      (await findings(200, { boxes, shelves })).filter(([what]) => /damaged/.test(String(what))),
    ).toEqual([]);
    await unseenBy('shelves_pkey', () => run("INSERT INTO shelves VALUES ('a', 900, 1)"));
    expect(await findings(200, { boxes, shelves })).toContainEqual([
      'the table is damaged: its primary key finds 500 of its 501 rows',
      1,
    ]);
    await run('REINDEX TABLE shelves');
  });

  it('is found in the one that serves, of those that begin with the key, and there is no false finding', async () => {
    await script('INSERT INTO boxes SELECT n, n FROM generate_series(1, 5) AS n; ANALYZE boxes');
    expect(
      (await findings(200, { boxes, shelves })).filter(([what]) => /damaged/.test(String(what))),
    ).toEqual([]);
    for (const name of ['boxes_pkey', 'boxes_id_version_idx'])
      await unseenBy(name, () => run('INSERT INTO boxes SELECT max(id) + 1, 1 FROM boxes'));
    expect((await findings(200, { boxes, shelves })).map(([what]) => what)).toContainEqual(
      expect.stringMatching(/^the table is damaged: its (primary key|index \w+) finds 6 of its 7 rows$/),
    );
    await script('DELETE FROM boxes; REINDEX TABLE boxes');
  });

  it('is found where it has another order than the server compares by', async () => {
    const order = (option: number) =>
      run(`UPDATE pg_index SET indoption = '${option}' WHERE indexrelid = 'boxes_pkey'::regclass`);
    await script(
      'DROP INDEX boxes_id_version_idx; INSERT INTO boxes SELECT n, n FROM generate_series(1, 50) AS n',
    );
    await order(3);
    const found = await findings(100, { boxes, shelves });
    await order(0);
    expect(found).toContainEqual(['the table is damaged: its primary key has 49 rows in the wrong order', 1]);
    await run('DELETE FROM boxes');
  });

  it('that cannot be read is a finding, and other tables are read', async () => {
    await run('INSERT INTO boxes VALUES (1, 1)');
    await unseenBy('shelves_pkey', () => run("INSERT INTO shelves VALUES ('a', 901, 1)"));
    const [{ node } = {}] = await run(
      "SELECT relfilenode AS node FROM pg_class WHERE relname = 'boxes_pkey'",
    );
    const place = (sql: string) =>
      run(`UPDATE pg_class SET relfilenode = ${sql} WHERE relname = 'boxes_pkey'`);
    try {
      for (const of of ["(SELECT relfilenode FROM pg_class WHERE relname = 'boxes')", '999999999']) {
        await place(of);
        const found = await findings(200, { boxes, shelves });
        expect(found).toContainEqual([
          expect.stringMatching(/^the table is damaged: its (rows|primary key) cannot be read/),
          1,
        ]);
        expect(found).toContainEqual(['the table is damaged: its primary key finds 501 of its 502 rows', 1]);
      }
    } finally {
      await place(String(node));
    }
    await script('DELETE FROM boxes; DELETE FROM shelves WHERE id > 500; REINDEX TABLE shelves');
    expect(
      (await findings(200, { boxes, shelves })).filter(([what]) => /damaged/.test(String(what))),
    ).toEqual([]);
  });

  it('the lines of a trail are read a bounded number of times, however many rows and lines there are', async () => {
    const query = audits().bad;
    await script('ALTER TABLE tasks DISABLE TRIGGER USER; ALTER TABLE log DISABLE TRIGGER USER');
    await run(
      `INSERT INTO log (table_name, operation, row_key, after, at, actor, role) SELECT 'tasks', 'update', jsonb_build_object('id', gen_random_uuid()), jsonb_build_object('id', gen_random_uuid()), '2020-01-01', 'x', 'x' FROM generate_series(1, 5000)`,
    );
    await run(`INSERT INTO tasks (id, n) SELECT gen_random_uuid(), n FROM generate_series(1, 3000) AS n`);
    await script('ANALYZE log; ANALYZE tasks');
    expect(await findings(500, { log, tasks })).toContainEqual([
      'has no line in log, although the trail is older',
      3_000,
    ]);
    const plan = await db.engine.asOwner((owner) =>
      owner.atomically(async () => {
        await owner.run(
          "SELECT set_config('work_mem', '64kB', true), set_config('hash_mem_multiplier', '1', true)",
        );
        return owner.run(`EXPLAIN (ANALYZE, FORMAT TEXT) ${query}`);
      }),
    );
    const text = plan.map((line) => String(Object.values(line)[0])).join('\n');
    expect(text).not.toMatch(/SubPlan/);
    const loops = [...text.matchAll(/Seq Scan on log .*loops=(\d+)/g)].map(([, count]) => Number(count));
    expect(loops.length).toBeGreaterThan(0);
    expect(Math.max(...loops)).toBe(1);
  });

  const audits = () => {
    const guarantee = tasks.guarantees.find(({ name }) => name === 'audited');
    const checks = guarantee?.data?.(tasks, { dialect: 'postgres', tables: Object.values(tables) }) ?? [];
    return checks.find(({ atOnce }) => atOnce) ?? expect.unreachable();
  };

  it('built with another version of its collation is found', async () => {
    const { conditions } = db.engine.dialect.proving;
    const finds = async (name: string) => {
      const condition = conditions.find((one) => one.name === name) ?? expect.unreachable();
      return (await run(condition.finds(['parts']))).map(({ found }) => String(found));
    };
    const own = 'texts are compared as when they were indexed';
    const byDefault = 'the default collation is that with which the database was made';
    await run('CREATE INDEX parts_default ON parts (name COLLATE "default")');
    expect([...(await finds(own)), ...(await finds(byDefault))]).toEqual([]);
    const [collation] = await run(
      'SELECT oid::text AS oid, quote_ident(collname) AS name, collversion FROM pg_collation WHERE pg_collation_actual_version(oid) IS NOT NULL AND collencoding IN (-1, (SELECT encoding FROM pg_database WHERE datname = current_database())) LIMIT 1',
    );
    if (collation) {
      await run(`CREATE INDEX parts_collated ON parts (name COLLATE ${collation.name})`);
      await run(`UPDATE pg_collation SET collversion = '0.1' WHERE oid = ${collation.oid}`);
      expect(await finds(own)).toEqual([
        expect.stringContaining('the index parts_collated was built with the version 0.1'),
      ]);
      await run(
        `UPDATE pg_collation SET collversion = '${collation.collversion}' WHERE oid = ${collation.oid}`,
      );
      await run('DROP INDEX parts_collated');
    }
    const [{ actual } = {}] = await run(
      'SELECT pg_database_collation_actual_version(oid) AS actual FROM pg_database WHERE datname = current_database()',
    );
    await run("UPDATE pg_database SET datcollversion = '0.1' WHERE datname = current_database()");
    expect(await finds(byDefault)).toEqual(
      actual === null
        ? []
        : [expect.stringContaining('the index parts_default was built with the version 0.1')],
    );
    await run(
      `UPDATE pg_database SET datcollversion = ${actual === null ? 'NULL' : `'${actual}'`} WHERE datname = current_database()`,
    );
    await run('DROP INDEX parts_default');
  });
});
