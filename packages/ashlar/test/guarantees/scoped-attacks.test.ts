import { id, primaryKey, table, timestamp } from 'ashlar';
import type { Probe, SqlRow } from 'ashlar/extend';
import { partitioned, scoped } from 'ashlar/guarantees';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines, sqlOf } from '../../../../test/support/engines.js';
import { openScopedFixture, type ScopedFixture } from './scoped-setup.js';

const [ann, bob] = ['019a0000-0000-7000-8000-00000000000a', '019a0000-0000-7000-8000-00000000000b'] as const;

const events = table('events', { id: id(), client_id: z.uuid(), at: timestamp() }, (c) => [
  primaryKey(c.id, c.at),
  partitioned(c.at, { by: 'month' }),
  scoped(c.client_id),
]);
const counters = table('counters', { id: id(), tenant: z.int(), n: z.int() }, (c) => [scoped(c.tenant)]);
const tables = { events, counters };

const cases = [
  {
    of: events,
    scopes: [ann, bob] as const,
    row: { id: `'${ann}'`, client_id: `'${ann}'`, at: "'2026-01-01T00:00:00.000Z'" },
    fresh: { id: `'${bob}'`, client_id: `'${ann}'`, at: "'2026-01-02T00:00:00.000Z'" },
    partition: 'events_default',
  },
  {
    of: counters,
    scopes: ['7', '8'] as const,
    row: { id: `'${ann}'`, tenant: '7', n: '1' },
    fresh: { id: `'${bob}'`, tenant: '7', n: '1' },
    partition: undefined,
  },
];

const insert = (name: string, row: SqlRow): string =>
  `INSERT INTO ${name} (${Object.keys(row).join(', ')}) VALUES (${Object.values(row).join(', ')})`;

describe.each(engines)('the attacks on scoped on $name', (engine) => {
  let fixture: ScopedFixture<typeof tables>;
  beforeAll(async () => {
    fixture = await openScopedFixture(engine, tables);
    for (const { of, row } of cases) await fixture.run(insert(of.name, row));
  });
  afterAll(() => fixture.close());

  describe.each(cases)('of $of.name', ({ of, scopes, row, fresh, partition }) => {
    const probe: Probe = {
      dialect: sqlOf(engine),
      row,
      other: undefined,
      fresh,
      values: {},
      partitions: sqlOf(engine) === 'postgres' && partition ? [partition] : [],
      scope: scopes[0],
      otherScope: scopes[1],
    };
    const attacks = of.guarantees.find(({ name }) => name === 'scoped')?.attacks?.(of, probe) ?? [];

    it.each(attacks)('$name', async ({ statements, expect: expected, scope = null }) => {
      const before = await fixture.run(`SELECT * FROM ${of.name}`);
      const tried = fixture.db.session({ scope }, async (s) => {
        let result: unknown = 'nothing';
        for (const statement of statements) {
          const { rows, numAffectedRows } = await sql.raw(statement).execute(s.query);
          result = { rows, changes: Number(numAffectedRows ?? 0) };
        }
        return result;
      });
      const outcome = await tried.catch((error: { code: string }) => error.code);
      if (expected === 'refused') expect(outcome).toMatch(/^(guarantee-violated|privilege-missing)$/);
      else expect(outcome).toEqual({ rows: [], changes: 0 });
      expect(await fixture.run(`SELECT * FROM ${of.name}`)).toEqual(before);
    });

    it('reach the row in its own scope', async () => {
      expect(new Set(attacks.map(({ name }) => name)).size).toBe(attacks.length);
      const reading = attacks.filter(({ expect: expected }) => expected === 'untouched');
      for (const { statements } of reading) {
        const found = await fixture.db
          .session({ scope: scopes[0] }, async (s) => {
            const { rows, numAffectedRows } = await sql.raw(statements[0] ?? '').execute(s.query);
            throw new RangeError(String(rows.length + Number(numAffectedRows ?? 0)));
          })
          .catch((error: Error) => error.message);
        expect(Number(found), statements[0]).toBeGreaterThan(0);
      }
    });
  });

  it('are empty without two scopes', () => {
    const [first] = cases;
    const probe = {
      dialect: sqlOf(engine),
      row: first?.row ?? {},
      other: undefined,
      fresh: first?.fresh ?? {},
      values: {},
      partitions: [],
      scope: undefined,
      otherScope: undefined,
    };
    const guarantee = events.guarantees.find(({ name }) => name === 'scoped');
    expect(guarantee?.attacks?.(events, probe)).toEqual([]);
  });
});
