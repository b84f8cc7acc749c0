import { newStep, up } from 'ashlar/migrations';
import { failuresOf, prove } from 'ashlar/prove';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { oneOfEach } from '../../../../test/support/engines.js';
import { checkGuard } from '../../src/guard/check.js';
import { drift } from '../../src/migrations/drift.js';
import { check } from '../../src/migrations/model-changes.js';
import { type Guarded, guardUp, makeGuarded, openTool, toolSql } from './support.js';

const { withRoles } = oneOfEach(import.meta.url);

/** Everything of the tool's schema that a tool compares: columns, indexes, constraints, comments, relations. */
const catalogue = `
  SELECT c.relname::text AS relation, c.relkind::text AS kind,
    (SELECT string_agg(format('%s %s %s %s', a.attname, a.atttypid::regtype, a.attnotnull, pg_get_expr(d.adbin, d.adrelid)), ', ' ORDER BY a.attnum)
     FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE a.attrelid = c.oid AND a.attnum > 0) AS columns,
    (SELECT string_agg(pg_get_indexdef(i.indexrelid), ', ' ORDER BY i.indexrelid) FROM pg_index i WHERE i.indrelid = c.oid) AS indexes,
    (SELECT string_agg(format('%s %s', k.conname, pg_get_constraintdef(k.oid)), ', ' ORDER BY k.conname) FROM pg_constraint k WHERE k.conrelid = c.oid) AS constraints,
    obj_description(c.oid, 'pg_class') AS comment
  FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace ORDER BY c.relname
`;

describe.each(withRoles)('the place of a guard on $name', (engine) => {
  let guarded: Guarded;
  beforeAll(async () => {
    guarded = await makeGuarded(engine);
  });
  afterAll(() => guarded?.close());

  test('the tool’s schema is as the tool made it', async () => {
    const { shop, read } = guarded;
    const other = await openTool(engine, shop);
    try {
      const before = await other.engine.asOwner((owner) => owner.run(catalogue));
      expect(before.length).toBeGreaterThan(8);
      expect(await read(catalogue)).toEqual(before);
    } finally {
      await other.engine.close();
      await other.place.remove();
    }
  });

  test('there is no drift, the model has no changes, and `guard check` finds nothing', async () => {
    const { engine: opened, shop, folder } = guarded;
    expect(await drift(opened, shop)).toEqual([]);
    await check(shop, 'postgres');
    expect(await newStep(shop, folder.url, 'again', { engines: ['postgres'] })).toBeUndefined();
    expect(await checkGuard(opened, shop)).toEqual([]);
    expect(await guardUp(guarded)).toEqual([]);
    expect(await up(opened, shop)).toEqual([]);
  });

  test('Ashlar’s objects are in a schema of their own', async () => {
    const rows = await guarded.read(
      `SELECT relname::text AS name FROM pg_class WHERE relnamespace = 'ashlar'::regnamespace AND relkind = 'r' ORDER BY 1`,
    );
    expect(rows.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['ashlar_migrations', 'changes', 'holds', 'letters_purges']),
    );
    const functions = await guarded.read(
      `SELECT count(*)::int AS n FROM pg_proc WHERE pronamespace = 'public'::regnamespace`,
    );
    expect(functions).toEqual([{ n: 0 }]);
  });

  test('a backup is refused: it would lack one of the two schemas', async () => {
    await expect(guarded.engine.snapshot(async () => undefined)).rejects.toMatchObject({
      code: 'guard-refused',
    });
  });

  test('prove attacks every guarantee', async () => {
    const report = await prove(guarded.engine, guarded.shop);
    expect(failuresOf(report)).toEqual([]);
    const attacked = report.tables.filter(({ attacks }) => attacks.length > 0).map(({ table }) => table);
    expect(new Set(attacked)).toEqual(new Set(['Order', 'events', 'facts', 'letters', 'changes', 'holds']));
  });
});

describe.each(withRoles)('what a guard on $name says of its rows', (engine) => {
  let guarded: Guarded;
  beforeAll(async () => {
    guarded = await makeGuarded(engine);
  });
  afterAll(() => guarded?.close());

  const last = async (): Promise<Readonly<Record<string, unknown>>> => {
    const rows = await guarded.read(
      'SELECT operation, row_key, before, after, unseen FROM changes ORDER BY id DESC LIMIT 1',
    );
    return rows[0] ?? {};
  };

  test('a trail has each column in the form of Ashlar, and no value of a column that it leaves out', async () => {
    await guarded.tool(`
      INSERT INTO "Order" (id, "Org Id", "select", total, at, big, raw, ip, meta)
      VALUES ('00000000-0000-4000-8000-000000000001', 1, 'secret', 10.50, '2026-01-02T03:04:05.678Z', 9007199254740993, '\\x00ff', '10.0.0.1', '{"a": 1}')
    `);
    expect(await last()).toEqual({
      operation: 'insert',
      row_key: { id: '00000000-0000-4000-8000-000000000001' },
      before: null,
      after: {
        id: '00000000-0000-4000-8000-000000000001',
        'Org Id': 1,
        status: 'open',
        total: '10.50',
        at: '2026-01-02T03:04:05.678Z',
        big: '9007199254740993',
        raw: '00ff',
        ip: '10.0.0.1',
        meta: { a: 1 },
      },
      unseen: ['select'],
    });
  });

  test('a column that the tool adds is in the trail at once, and one that it drops breaks nothing', async () => {
    await guarded.tool(
      `ALTER TABLE "Order" ADD COLUMN colour text DEFAULT 'red'; ALTER TABLE "Order" DROP COLUMN big`,
    );
    await guarded.tool(`UPDATE "Order" SET meta = NULL WHERE id = '00000000-0000-4000-8000-000000000001'`);
    const { before, after } = (await last()) as { before: object; after: object };
    expect(before).toMatchObject({ colour: 'red', meta: { a: 1 } });
    expect(after).toMatchObject({ colour: 'red', meta: null });
    expect(Object.keys(after)).not.toContain('big');
    await guarded.tool(`UPDATE events SET seen = now() WHERE note = 'before'`);
    await guarded.tool(`ALTER TABLE events ADD COLUMN extra text DEFAULT 'x'`);
    await expect(guarded.tool(`UPDATE events SET extra = 'y'`)).rejects.toMatchObject({
      code: 'guarantee-violated',
    });
  });

  test('the guarantees bind the owner, too', async () => {
    for (const statement of [
      `UPDATE events SET note = 'other'`,
      'DELETE FROM events',
      'TRUNCATE events',
      `UPDATE "Order" SET status = 'paid' WHERE status = 'open'; UPDATE "Order" SET status = 'open'`,
      `INSERT INTO "Order" ("Org Id", status) VALUES (1, 'paid')`,
      'TRUNCATE "Order"',
      `INSERT INTO letters (sent, body) VALUES (now(), 'new'); DELETE FROM letters`,
      'DELETE FROM changes',
    ])
      await expect(
        guarded.engine.asOwner((owner) => owner.atomically(() => owner.script(statement))),
        statement,
      ).rejects.toMatchObject({ code: 'guarantee-violated' });
  });
});

test('the tool’s SQL has every kind of column that a trail writes otherwise', () => {
  for (const type of [
    'numeric',
    'timestamptz',
    'bigint',
    'bytea',
    'inet',
    'jsonb',
    'order_status',
    'varchar',
  ])
    expect(toolSql).toContain(type);
});
