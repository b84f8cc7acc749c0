import { createdAt, type Database, id, primaryKey, table, timestamp } from 'ashlar';
import { appendOnly, ledgered, legalHolds, partitioned, retained } from 'ashlar/guarantees';
import { purge } from 'ashlar/migrations';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines, sqlOf } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { verifyTable } from '../../src/ledger/database/ledgers.js';
import { maintain } from '../../src/maintenance/maintain.js';
import { rootMessage } from './setup.js';

const holds = legalHolds('holds');
const law = { for: { years: 5 }, reason: 'law', hold: holds };
const letters = table('letters', { id: id(), sent_at: timestamp(), text: z.string() }, (c) => [
  appendOnly(),
  ledgered(),
  retained(c.sent_at, law),
]);
const monthly = table(
  'monthly',
  { id: id(), sent_at: timestamp(), text: z.string(), at: createdAt() },
  (c) => [
    primaryKey(c.id, c.sent_at),
    partitioned(c.sent_at, { by: 'month', ahead: 3 }),
    appendOnly(),
    ledgered(),
    retained(c.sent_at, law),
  ],
);
const tables = { holds, letters, monthly };
const uuid = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const old = '2015-03-05T00:00:00.000Z';
const young = new Date().toISOString();

describe.each(engines)('a ledger whose rows expire on $name', (engine) => {
  const dialect = sqlOf(engine);
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeEach(async () => {
    ({ db, remove } = await withTables(engine, tables, { maintain: false }));
  });
  afterEach(() => remove());

  const count = async (name: string): Promise<number> => {
    const [row] = await db.engine.asOwner((owner) => owner.run(`SELECT count(*) AS rows FROM ${name}`));
    return Number(row?.rows);
  };

  it.each(['letters', 'monthly'] as const)(
    'keeps the leaves of purged rows and reports firstProvable: %s',
    async (name) => {
      const of = tables[name] as typeof letters;
      const add = (n: number, sent_at: string) =>
        db.session((s) => s.insert(of, { id: uuid(n), sent_at, text: `letter ${n}` }));
      for (const n of [1, 2, 3, 5]) await add(n, old);
      await maintain(db.engine, [of as never], new Date());
      await add(4, young);
      const whole = await verifyTable(db.engine, of as never);
      expect(whole).toMatchObject({ problems: [], firstProvable: 0 });
      const kept = await db.session((s) =>
        s.insert(holds, {
          table_name: name,
          row_key: name === 'letters' ? { id: uuid(5) } : { id: uuid(5), sent_at: old },
          reason: 'a case',
          placed_by: 'user:7',
        }),
      );
      const { purged, held } = await purge(db.engine, db.system);
      expect(purged).toMatchObject([{ table: name, rows: 3, earliest: old, latest: old }]);
      expect(held).toEqual({ [name]: 1 });
      expect([await count(name), await count(`${name}_ledger_entries`)]).toEqual([2, 2]);
      const after = await verifyTable(db.engine, of as never);
      expect(after).toMatchObject({ problems: [], firstProvable: 3, size: whole.size, root: whole.root });
      await add(6, young);
      expect(await verifyTable(db.engine, of as never)).toMatchObject({ problems: [], firstProvable: 3 });

      // the month has no other row now: on PostgreSQL its partition is dropped as a whole
      await db.session((s) => s.update(holds, kept.id, { released_at: s.now(), released_by: 'user:7' }));
      const last = await purge(db.engine, db.system);
      const partition = name === 'monthly' && dialect === 'postgres' ? 'monthly_2015_03' : undefined;
      expect(last.purged).toMatchObject([{ rows: 1, partition }]);
      expect(await verifyTable(db.engine, of as never)).toMatchObject({ problems: [], firstProvable: 4 });
      expect([await count(name), await count(`${name}_ledger_entries`)]).toEqual([2, 2]);
    },
  );

  it('refuses to delete the entry of an existing row and to reuse the key of a purged row', async () => {
    for (const n of [1, 2])
      await db.session((s) => s.insert(letters, { id: uuid(n), sent_at: n === 1 ? old : young, text: 'x' }));
    await purge(db.engine, db.system);
    const permit =
      dialect === 'postgres'
        ? `SELECT set_config('ashlar.purging', 'letters', true)`
        : `INSERT INTO ashlar_purge (table_name) VALUES ('letters')`;
    const refusal = (...statements: string[]): Promise<string> =>
      db.engine
        .asOwner((owner) =>
          owner.atomically(async () => {
            for (const text of statements) await owner.run(text);
          }),
        )
        .then(
          () => 'nothing',
          (error: unknown) => rootMessage(error),
        );
    expect(await refusal('DELETE FROM letters_ledger_entries')).toMatch(/^ashlar\/ledgered: /);
    expect(await refusal(permit, 'DELETE FROM letters_ledger_entries')).toMatch(/^ashlar\/ledgered: /);
    expect(await refusal(permit, 'DELETE FROM letters_ledger_tree')).toMatch(/^ashlar\/ledgered: /);
    expect(
      await refusal(`INSERT INTO letters (id, sent_at, text) VALUES ('${uuid(1)}', '${young}', 'again')`),
    ).toMatch(/^ashlar\/ledgered: /);
  });
});
