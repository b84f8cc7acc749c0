import { openLedger, verifyLedger } from 'ashlar/ledger';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { oneOfEach } from '../../../../test/support/engines.js';
import { verifyTable } from '../../src/ledger/database/ledgers.js';
import { facts, type Guarded, makeGuarded } from './support.js';

const { withRoles } = oneOfEach(import.meta.url);

describe.each(withRoles)('the ledger of another tool’s table on $name', (engine) => {
  let guarded: Guarded;
  beforeEach(async () => {
    guarded = await makeGuarded(engine);
    guarded.engine.register(Object.values(guarded.shop.tables));
  });
  afterEach(() => guarded.close());

  const verify = async (full = true) =>
    verifyLedger(openLedger(guarded.engine, guarded.shop, guarded.shop.tables.facts), { full } as never);
  const state = async () =>
    (
      await guarded.read(`SELECT (SELECT size::int FROM facts_ledger_head) AS size, (SELECT count(*)::int FROM facts_ledger_stamps) AS stamps,
        (SELECT count(*)::int FROM facts_ledger_entries) AS entries`)
    )[0];

  test('rows from before it, rows of one statement and a single row are sealed, and their stamps go', async () => {
    await guarded.engine.seal?.();
    expect(await state()).toEqual({ size: 1, stamps: 0, entries: 1 });
    await guarded.tool(
      `INSERT INTO facts (leaf_key, amount, tags, at, "row") SELECT 'n' || i, i / 4.0, ARRAY['x', NULL], '2026-01-02T03:04:05.678Z', '{"a": [1.50, "ü"]}' FROM generate_series(2, 301) i`
        .replace('(leaf_key', '(id, leaf_key')
        .replace("SELECT 'n'", "SELECT i, 'n'"),
    );
    await guarded.tool(`INSERT INTO facts (id, leaf_key) VALUES (9007199254740993, 'big')`);
    await guarded.engine.seal?.();
    expect(await state()).toEqual({ size: 302, stamps: 0, entries: 302 });
    expect((await verify()).problems).toEqual([]);
    const [old] = await guarded.read(
      `SELECT convert_from(entry, 'UTF8') AS entry FROM facts_ledger_entries WHERE row_key = '1'`,
    );
    // a row that is older than the ledger has no time
    expect(JSON.parse(String(old?.entry))[3]).toBe('');
    const [new_] = await guarded.read(
      `SELECT convert_from(entry, 'UTF8') AS entry FROM facts_ledger_entries WHERE row_key = '2'`,
    );
    expect(JSON.parse(String(new_?.entry))[4]).toEqual({
      id: '2',
      leaf_key: 'n2',
      amount: '0.50',
      tags: '{x,NULL}',
      at: '2026-01-02T03:04:05.678Z',
      row: { a: [1.5, 'ü'] },
    });
  });

  test('a row that came while the trigger was off has no entry, and no seal adopts it', async () => {
    await guarded.engine.seal?.();
    await guarded.tool(
      `ALTER TABLE facts DISABLE TRIGGER facts_ledger_append; INSERT INTO facts (id, leaf_key) VALUES (7, 'unseen'); ALTER TABLE facts ENABLE ALWAYS TRIGGER facts_ledger_append`,
    );
    await guarded.engine.seal?.();
    expect(await state()).toEqual({ size: 1, stamps: 0, entries: 1 });
    const { problems, size, root } = await verify();
    expect(problems).toEqual([expect.objectContaining({ row_key: '7' })]);
    // also where the leaves so far are trusted
    const trusted = { size, root, source: 'the first seal' };
    const later = await verifyTable(guarded.engine, guarded.shop.tables.facts, { trusted });
    expect(later.problems).toEqual([expect.objectContaining({ row_key: '7' })]);
  });

  test('a change that bypasses the triggers is found', async () => {
    await guarded.engine.seal?.();
    await guarded.tool(
      `ALTER TABLE facts DISABLE TRIGGER USER; UPDATE facts SET tags = '{a,c}'; ALTER TABLE facts ENABLE TRIGGER USER`,
    );
    expect((await verify()).problems.length).toBe(1);
  });

  test('a column that the tool adds does not stop it', async () => {
    await guarded.tool(
      `ALTER TABLE facts ADD COLUMN more text DEFAULT 'x'; INSERT INTO facts (id, leaf_key) VALUES (8, 'later')`,
    );
    await guarded.engine.seal?.();
    expect(await state()).toEqual({ size: 2, stamps: 0, entries: 2 });
    expect((await verify()).problems).toEqual([]);
  });

  test('the table keeps its own columns and indexes', async () => {
    const rows = await guarded.read(
      `SELECT (SELECT count(*)::int FROM pg_attribute WHERE attrelid = 'public.facts'::regclass AND attnum > 0) AS columns,
        (SELECT count(*)::int FROM pg_index WHERE indrelid = 'public.facts'::regclass) AS indexes`,
    );
    expect(rows).toEqual([{ columns: Object.keys(facts.columns).length, indexes: 1 }]);
  });
});
