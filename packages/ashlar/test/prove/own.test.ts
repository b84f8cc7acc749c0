import {
  autoincrement,
  bigint,
  bytes,
  check,
  decimal,
  generated,
  id,
  inet,
  primaryKey,
  references,
  type System,
  system,
  type Table,
  table,
  timestamps,
  unique,
} from 'ashlar';
import { type Attack, type Guarantee, openEngine } from 'ashlar/extend';
import { appendOnly, audited, auditTrail, lifecycle, scoped } from 'ashlar/guarantees';
import { up } from 'ashlar/migrations';
import { failuresOf, type ProveReport, prove } from 'ashlar/prove';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { oneOfEach, sqlOf, type TestEngine } from '../../../../test/support/engines.js';
import { inCreationOrder } from '../../src/migrations/shadow.js';
import { makeFolder } from '../migrations/folder.js';

const { engines } = oneOfEach(import.meta.url);

/** Runs `prove` on a system with these tables. One step creates them; `spoil` may change its text. */
const reportOf = async (
  engine: TestEngine,
  tables: Readonly<Record<string, unknown>>,
  { probes, spoil = (sql: string) => sql }: { probes?: object; spoil?: (sql: string) => string } = {},
): Promise<ProveReport> => {
  const folder = await makeFolder();
  const place = await engine.place();
  const opened = await openEngine({ url: place.url, key: place.key });
  try {
    const own = system('own', {
      tables: tables as Record<string, Table>,
      migrations: folder.url,
      ...(probes === undefined ? {} : { probes }),
    }) as System;
    const statements = inCreationOrder(Object.values(own.tables)).flatMap((each) =>
      opened.dialect.createTable(each),
    );
    await folder.step('0001_initial', `${spoil(statements.join(';\n\n'))};`);
    await up(opened, own);
    return await prove(opened, own);
  } finally {
    await opened.close();
    await place.remove();
    await folder.remove();
  }
};

/** A custom guarantee: amounts are even. */
const even = (): Guarantee => ({
  kind: 'guarantee',
  name: 'even',
  summary: 'Every amount is even.',
  sqlite: {
    level: 'enforced',
    objects: (of) => [
      {
        type: 'trigger',
        name: `${of.name}_even`,
        sql: `CREATE TRIGGER ${of.name}_even BEFORE INSERT ON ${of.name} WHEN NEW.amount % 2 <> 0\nBEGIN\n  SELECT RAISE(ABORT, 'ashlar/even: that is odd');\nEND`,
      },
    ],
  },
  postgres: {
    level: 'enforced',
    objects: (of) => [
      {
        type: 'function',
        name: `${of.name}_is_even`,
        sql: `CREATE FUNCTION ${of.name}_is_even() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n  RAISE EXCEPTION 'ashlar/even: that is odd';\nEND\n$$`,
      },
      {
        type: 'trigger',
        name: `${of.name}_even`,
        sql: `CREATE TRIGGER ${of.name}_even BEFORE INSERT ON ${of.name} FOR EACH ROW WHEN (NEW.amount % 2 <> 0) EXECUTE FUNCTION ${of.name}_is_even();\n\nALTER TABLE ${of.name} ENABLE ALWAYS TRIGGER ${of.name}_even`,
      },
    ],
  },
  attacks: (of, { fresh }): readonly Attack[] =>
    (['app', 'owner'] as const).map((as) => ({
      name: `an odd amount, as the ${as}`,
      as,
      statements: [
        `INSERT INTO ${of.name} (${Object.keys(fresh).join(', ')}) VALUES (${Object.values({ ...fresh, amount: '3' }).join(', ')})`,
      ],
      expect: 'refused',
    })),
});
const readings = table('readings', { id: id(), amount: z.int() }, () => [even()]);

const trigger = {
  sqlite: /CREATE TRIGGER readings_even[\s\S]*?END/,
  postgres: /CREATE TRIGGER readings_even[\s\S]*?ALTER TABLE readings ENABLE ALWAYS TRIGGER readings_even/,
};

// every kind of column, under append-only, whose attacks need a row
const kinds = table(
  'kinds',
  {
    id: autoincrement(),
    email: z.email().max(60),
    site: z.url(),
    code: z
      .string()
      .regex(/^[A-Z]+$/)
      .min(3)
      .max(6),
    slug: z.string().length(12),
    prefixed: z.string().startsWith('K-').max(20),
    side: z.enum(['left', 'right']),
    step: z.int().min(5).max(50).multipleOf(5),
    wei: bigint(),
    price: decimal(12, 2, { min: '0.01' }),
    fraction: decimal(4, 4),
    debit: decimal(18, 0, { max: '-3' }),
    huge: bigint().min(2n ** 62n),
    debt: bigint().max(-5n).multipleOf(5n),
    few: z.bigint().min(-3n).max(-1n),
    share: z.number().min(0).max(1),
    when: z.iso.date(),
    at: z.iso.datetime({ precision: 6 }),
    from: inet(),
    raw: bytes(),
    shape: z.object({
      kind: z.enum(['a', 'b']),
      tags: z.array(z.string().min(2)).min(1),
      more: z.string().optional(),
    }),
    pair: z.tuple([z.string(), z.int().min(3)]),
    either: z.union([z.object({ a: z.string() }), z.object({ b: z.number() })]),
    by_side: z.record(z.enum(['left', 'right']), z.int()),
    ...timestamps(),
  },
  (c) => [unique(c.side, c.step), appendOnly()],
);
const parents = table('parents', { id: id(), name: z.string() });
const children = table('children', { parent_id: z.uuid(), note: z.string().nullable() }, (c) => [
  primaryKey(c.parent_id),
  references(c.parent_id, parents.columns.id, { onDelete: 'cascade' }),
  appendOnly({ cascade: c.parent_id, stampOnce: c.note }),
]);
const ranges = table(
  'ranges',
  { id: id(), low: z.int().nullable(), high: z.int().nullable(), mode: z.enum(['none', 'some', 'gone']) },
  (c) => [
    check('ranges_some', `(mode = 'some') = (low IS NOT NULL)`),
    check('ranges_order', 'low < high'),
    lifecycle(c.mode, { none: ['some'], some: ['gone'] }, { initial: 'none' }),
  ],
);
const clients = table('clients', { id: id(), name: z.string() }, (c) => [scoped(c.id)]);
const dossiers = table('dossiers', { id: id(), client_id: z.uuid(), body: z.string() }, (c) => [
  references(c.client_id, clients.columns.id),
  scoped(c.client_id),
  appendOnly(),
]);
const guessing = table('guessing', { id: id(), word: z.string() }, () => [
  check('guessing_word', `word = 'xyzzy'`),
  appendOnly(),
]);

describe.each(engines)('prove on a custom system on $name', (engine) => {
  const dialect = sqlOf(engine);

  it('attacks a custom guarantee', async () => {
    const report = await reportOf(engine, { readings });
    expect(failuresOf(report)).toEqual([]);
    expect(report.tables).toMatchObject([
      {
        table: 'readings',
        guarantee: 'even',
        summary: 'Every amount is even.',
        level: 'enforced',
        attacks: [
          { as: 'app', stoppedBy: 'trigger', by: 'ashlar/even: that is odd', verdict: 'refused' },
          { as: 'owner', stoppedBy: 'trigger', verdict: 'refused' },
        ],
      },
      { table: 'readings', guarantee: 'constraints', level: 'enforced' },
    ]);
  });

  it('reports a guarantee whose trigger the migrations do not create', async () => {
    const report = await reportOf(
      engine,
      { readings },
      { spoil: (sql) => sql.replace(trigger[dialect], '') },
    );
    expect(report.ok).toBe(false);
    expect(failuresOf(report)).toEqual([
      'objects of the guarantees: readings, even: the trigger readings_even is missing',
      'readings, even, as the app: an odd amount, as the app: was not refused',
      'readings, even, as the owner: an odd amount, as the owner: was not refused',
    ]);
  });

  it('creates rows with every kind of column, and their parents, to attack them', async () => {
    const report = await reportOf(engine, { kinds, children, parents, ranges });
    expect(failuresOf(report)).toEqual([]);
    expect(new Set(report.tables.map(({ table: of }) => of))).toEqual(
      new Set(['kinds', 'children', 'ranges']),
    );
    // those on constraints are one statement on a server
    for (const { attacks, guarantee } of report.tables)
      expect(attacks.length).toBeGreaterThan(guarantee === 'constraints' ? 0 : 1);
  });

  it('attacks rows of one scope from another scope', async () => {
    const report = await reportOf(engine, { dossiers, clients });
    expect(failuresOf(report)).toEqual([]);
    const scopes = report.tables.filter(({ guarantee }) => guarantee === 'scoped');
    expect(scopes.map(({ attacks }) => attacks.length > 5)).toEqual([true, true]);
    expect(scopes.flatMap(({ attacks }) => attacks.map(({ verdict }) => verdict))).toContain('untouched');
  });

  it('fails when no row can be created and the system has no probe row', async () => {
    const withoutProbe = await reportOf(engine, { guessing });
    expect(withoutProbe.ok).toBe(false);
    expect(failuresOf(withoutProbe)).toContainEqual(
      expect.stringMatching(/^guessing, append-only, as the app: .*could not be attacked: .*guessing_word/),
    );
    const withProbe = await reportOf(engine, { guessing }, { probes: { guessing: [{ word: 'xyzzy' }] } });
    expect(failuresOf(withProbe)).toEqual([]);
  });

  it('an attack fails when it cannot run or when its result is not the expected one', async () => {
    const attacks = [
      { name: 'no SQL', statements: ['FROB'], expect: 'refused' },
      { name: 'no preparation', statements: ['FROB', 'SELECT 1'], expect: 'untouched' },
      { name: 'a row', statements: ['SELECT 1'], expect: 'untouched' },
      { name: 'no row', statements: ['SELECT 1 WHERE 1 = 0'], expect: 'untouched' },
      { name: 'undetected', statements: ['SELECT 1'], expect: 'detected', detect: async () => undefined },
      { name: 'detected', statements: ['SELECT 1'], expect: 'detected', detect: async () => 'seen' },
      { name: 'accepted', statements: ['SELECT 1'], expect: 'accepted' },
      { name: 'not accepted', statements: [`INSERT INTO readings (id) VALUES (NULL)`], expect: 'accepted' },
    ] as const;
    const odd = table('readings', { id: id(), amount: z.int() }, () => [
      { ...even(), attacks: () => attacks.map((attack) => ({ ...attack, as: 'owner' as const })) },
    ]);
    const [entry] = (await reportOf(engine, { odd })).tables;
    const verdicts = Object.fromEntries((entry?.attacks ?? []).map(({ name, verdict }) => [name, verdict]));
    expect(verdicts).toEqual({
      'no SQL': 'failed',
      'no preparation': 'failed',
      'a row': 'failed',
      'no row': 'untouched',
      undetected: 'failed',
      detected: 'detected',
      accepted: 'accepted',
      'not accepted': 'failed',
    });
  });
});

describe.each(engines)('a system whose columns have codecs, on $name', (engine) => {
  it('is proven with values of both forms', async () => {
    const trail = auditTrail('changes');
    const money = z.codec(z.int().min(1).max(9), z.object({ cents: z.int() }), {
      decode: (cents) => ({ cents }),
      encode: ({ cents }) => cents,
    });
    const visits = table(
      'visits',
      {
        day: z.date(),
        price: money,
        open: z.stringbool().default(true),
        until: z.date().nullable(),
        code: generated(z.string().length(36), () => crypto.randomUUID()),
      },
      (c) => [primaryKey(c.day), unique(c.code), audited({ into: trail })],
    );
    const notes = table('notes', { id: autoincrement(), day: z.date() }, (c) => [
      references(c.day, visits.columns.day),
      appendOnly(),
    ]);
    const report = await reportOf(
      engine,
      { trail, visits, notes },
      { probes: { visits: [{ price: { cents: 2 } }] } },
    );
    expect(failuresOf(report)).toEqual([]);
    expect(report.tables.some(({ attacks }) => attacks.length > 0)).toBe(true);
  });
});
