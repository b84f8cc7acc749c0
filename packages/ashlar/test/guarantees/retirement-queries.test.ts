import { createdAt, type Database, id, table } from 'ashlar';
import type { RunSql } from 'ashlar/extend';
import { appendOnly, ledgered, legalHolds, retained } from 'ashlar/guarantees';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oneOfEach, sqlOf } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { ledgerReader } from '../../src/guarantees/ledgered/reader.js';
import { behindItsBack } from '../ledger/sabotage.js';

const { engines } = oneOfEach(import.meta.url);
const holds = legalHolds('holds');
const events = table('events', { id: id(), at: createdAt() }, (c) => [
  appendOnly(),
  ledgered(),
  retained(c.at, { for: { years: 5 }, reason: 'law', hold: holds }),
]);
const tables = { holds, events };
const count = 20_000;

describe.each(engines)('the look-up of retirements on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables, { maintain: false }));
    // lines of two positions, with a gap after each
    await behindItsBack(db.engine, 'events_ledger_retirements', [
      `INSERT INTO events_ledger_retirements (number, first_position, last_position, cutoff, retired_at) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) SELECT i, i * 3, i * 3 + 1, '2020-01-01T00:00:00Z', '2026-01-01T00:00:00Z' FROM n`,
    ]);
    await db.engine.asOwner((owner) => owner.script('ANALYZE events_ledger_retirements'));
  });
  afterAll(() => remove());

  it.each([0, 3, 4, 5, 30_000, 30_001, 30_002, 3 * count + 1, 3 * count + 2])(
    'reads only the lines that it returns: from the position %d',
    async (position) => {
      const asked: [string, readonly unknown[]][] = [];
      const plans: string[] = [];
      await db.engine.asOwner(async (owner) => {
        const run: RunSql = (sql, parameters = []) => {
          asked.push([sql, parameters]);
          return owner.run(sql, parameters);
        };
        const found = (await ledgerReader(events, sqlOf(engine), run).retirements(position, 3)) ?? [];
        const next = Math.max(1, Math.ceil((position - 1) / 3));
        const expected = [next, next + 1, next + 2].filter((number) => number <= count);
        expect(found.map(({ number }) => number)).toEqual(expected);
        for (const [sql, parameters] of asked) {
          if (!sql.includes('first_position')) continue;
          const explain =
            sqlOf(engine) === 'postgres' ? 'EXPLAIN (ANALYZE, COSTS OFF)' : 'EXPLAIN QUERY PLAN';
          const plan = await owner.run(`${explain} ${sql}`, parameters);
          plans.push(plan.map((line) => JSON.stringify(Object.values(line))).join('\n'));
        }
      });
      expect(plans).toHaveLength(2);
      for (const plan of plans) {
        expect(plan).not.toMatch(/Seq Scan|Join Filter|Nested Loop|\bSCAN\b/);
        expect(plan).toMatch(/Index Cond: \(+first_position|SEARCH .*first_position[<>]/);
        for (const [, removed] of plan.matchAll(/Rows Removed by Filter: (\d+)/g))
          expect(Number(removed)).toBeLessThanOrEqual(1);
      }
    },
  );
});
