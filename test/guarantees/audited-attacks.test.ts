import { autoincrement, createdAt, type Database, id, type Probe, primaryKey, table } from 'ashlar';
import { appendOnly, audited, auditTrail, legalHolds, partitioned, retained } from 'ashlar/guarantees';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../support/engines.js';
import { withTables } from '../support/tables.js';
import { verdicts } from './attacking.js';
import { sqlOf } from './world.js';

const trail = auditTrail('trail');
const holds = legalHolds('holds');
const law = { for: { years: 5 }, reason: 'law', hold: holds };
const notes = table('notes', { id: id(), body: z.string() }, () => [audited({ into: trail })]);
const counted = table('counted', { id: autoincrement(), body: z.string() }, () => [audited({ into: trail })]);
const monthly = table('monthly', { id: id(), at: createdAt(), body: z.string() }, (c) => [
  primaryKey(c.id, c.at),
  partitioned(c.at, { by: 'month' }),
  audited({ into: trail }),
  retained(c.at, law),
]);
const letters = table('letters', { id: id(), at: createdAt(), body: z.string() }, (c) => [
  appendOnly(),
  audited({ into: trail }),
  retained(c.at, law),
]);
const tables = { trail, holds, notes, counted, monthly, letters };

const uuid = (n: number): string => `'00000000-0000-7000-8000-${String(n).padStart(12, '0')}'`;
const now = new Date().toISOString();
const at = `'${now}'`;
const body = `'x'`;

describe.each(engines)('attacks on what is audited and retained, on $name', (engine) => {
  const dialect = sqlOf(engine);
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables, { maintain: false }));
    const rows = [
      `INSERT INTO notes VALUES (${uuid(1)}, ${body})`,
      `INSERT INTO counted (body) VALUES (${body})`,
      `INSERT INTO monthly VALUES (${uuid(1)}, ${at}, ${body})`,
      `INSERT INTO letters VALUES (${uuid(1)}, ${at}, ${body})`,
    ];
    await db.engine.asOwner((owner) =>
      owner.atomically(async () => {
        for (const row of rows) await owner.run(row);
      }),
    );
  });
  afterAll(() => remove());

  const probe = (given: Pick<Probe, 'row' | 'fresh'>, partitions: readonly string[] = []): Probe =>
    Object.freeze({
      dialect,
      other: undefined,
      partitions: dialect === 'postgres' ? partitions : [],
      scope: undefined,
      otherScope: undefined,
      ...given,
    });
  const probes: Record<string, Probe> = {
    notes: probe({ row: { id: uuid(1), body }, fresh: { id: uuid(2), body } }),
    counted: probe({ row: { id: '1', body }, fresh: { body } }),
    monthly: probe({ row: { id: uuid(1), at, body }, fresh: { id: uuid(2), at, body } }, ['monthly_default']),
    letters: probe({ row: { id: uuid(1), at, body }, fresh: { id: uuid(2), at, body } }),
    trail: probe({
      row: {
        id: '1',
        at: `'${now.replace('Z', '000Z')}'`,
        actor: `'owner'`,
        scope: `'*'`,
        role: `'session'`,
        table_name: `'notes'`,
        operation: `'insert'`,
        row_key: `'{}'`,
      },
      fresh: {},
    }),
  };

  it.each<[keyof typeof tables, string, string[]]>([
    ['notes', 'audited', []],
    ['counted', 'audited', []],
    ['monthly', 'audited', ['DELETE of a row']],
    ['letters', 'audited', ['DELETE of a row', 'UPDATE that changes nothing']],
    ['trail', 'trail', []],
    ['monthly', 'retained', []],
    ['letters', 'retained', []],
  ])('each is refused or found: %s, %s', async (of, name, elsewhere) => {
    const given = probes[of];
    if (!given) throw new Error(`no probe for ${of}`);
    const { found, wanted } = await verdicts(db as never, tables[of] as never, name, given);
    expect(Object.keys(found).length).toBeGreaterThan(2);
    // what another guarantee of the table refuses need not be found
    const allowed = Object.fromEntries(
      Object.entries(wanted).map(([attack, verdict]) => [
        attack,
        elsewhere.some((start) => attack.startsWith(start)) ? 'refused' : verdict,
      ]),
    );
    expect(found).toEqual(allowed);
  });
});
