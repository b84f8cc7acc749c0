import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  AshlarError,
  autoincrement,
  bigint,
  createdAt,
  decimal,
  id,
  index,
  inet,
  json,
  type Session,
  system,
  table,
  timestamps,
  unique,
} from 'ashlar';
import { appendOnly } from 'ashlar/guarantees';
import { sql } from 'ashlar/query';
import { type TestDatabase, testDatabase } from 'ashlar/testing';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { engines, sqlOf } from '../../../../test/support/engines.js';

const things = table('things', {
  id: id(),
  label: z.string(),
  n: z.int().nullable(),
  small: z.int32(),
  big: bigint().nullable(),
  money: decimal(5, 2).nullable(),
  real: z.number(),
  flag: z.boolean(),
  code: z.uuid().nullable(),
  address: inet(),
  due: z.iso.datetime({ precision: 3 }).nullable(),
  meta: json(z.json()),
  other: json(z.json()),
});
const notes = table('notes', { id: id(), label: z.string(), ...timestamps() });
const events = table('events', { id: id(), name: z.string(), created_at: createdAt() }, (c) => [
  unique(c.name),
  appendOnly(),
]);
const documents = table('documents', { id: id(), body: json(z.json()) }, (c) => [index(c.body)]);
const counted = table('counted', { id: autoincrement(), label: z.string() });
const tables = { things, notes, events, documents, counted };
const testing = system('testing', { tables, migrations: new URL('file:///nowhere/') });
const small = { small: 0, real: 0, flag: false, address: '10.0.0.2', other: 0 };
type S = Session<typeof tables>;

const page = readFileSync(new URL('../../../../docs/architecture/differences.md', import.meta.url), 'utf8');
const names = [...page.matchAll(/^\| ([a-z]+(?:-[a-z0-9]+)+) +\|/gm)].map(([, name]) => name ?? '');

const of = (s: S) => s.query.selectFrom('things');
type Builder = ReturnType<typeof of>;
type Runs = (s: S) => Promise<readonly unknown[]>;

/** The values of the first column, in order. */
const read =
  (build: (query: Builder) => { execute(): Promise<object[]> }): Runs =>
  async (s) =>
    (await build(of(s)).execute()).map((row) => Object.values(row)[0]);
const raw =
  (text: string): Runs =>
  async (s) =>
    (await sql.raw<object>(text).execute(s.query)).rows.map((row) => Object.values(row)[0]);
const first =
  (build: Parameters<typeof read>[0]): Runs =>
  async (s) =>
    (await read(build)(s)).slice(0, 1);

const failed = 'statement-failed';
const ids = (query: Builder) => query.orderBy('label');

const past = '2001-02-03T04:05:06.000Z';
const aLittle = () => new Promise((resolve) => setTimeout(resolve, 5));

/** For each row of the page: the statement, and its result (or the code or facts of its error) on SQLite and on Postgres. */
const differences: Readonly<Record<string, readonly [run: Runs, sqlite: unknown, postgres: unknown]>> = {
  'division-by-zero': [first((q) => q.select((eb) => eb('n', '/', 0).as('x'))), [null], failed],
  'integer-width': [first((q) => ids(q).select((eb) => eb('small', '+', 1).as('x'))), [2 ** 31], failed],
  'bigint-width': [first((q) => ids(q).select((eb) => eb('big', '+', 1n).as('x'))), 'value-corrupt', failed],
  'remainder-of-reals': [first((q) => ids(q).select((eb) => eb('real', '%', 2).as('x'))), [0], failed],
  'round-half': [first((q) => ids(q).select((eb) => eb.fn('round', ['real']).as('x'))), [3], [2]],
  'round-digits': [
    first((q) => ids(q).select((eb) => eb.fn('round', ['real', sql.lit(1)]).as('x'))),
    [2.5],
    failed,
  ],
  'cast-text-to-number': [
    first((q) => ids(q).select((eb) => eb.cast('label', 'integer').as('x'))),
    [0],
    'value-invalid',
  ],
  'substr-from-the-end': [
    first((q) => ids(q).select((eb) => eb.fn('substr', [sql.lit('abc'), eb('n', '-', 8)]).as('x'))),
    ['c'],
    ['abc'],
  ],
  'json-scalar-position': [
    first((q) =>
      ids(q).select((eb) =>
        eb
          .ref('other', '->')
          .at(0 as never)
          .as('x'),
      ),
    ),
    [null],
    [9],
  ],
  'json-order': [read((q) => q.select('label').orderBy('other')), ['b', 'a'], ['a', 'b']],
  'json-keys': [
    async (s) => {
      await s.insert(things, { ...small, label: 'keys', meta: { bb: 1, a: 2 } });
      const [row] = await of(s).select('meta').where('label', '=', 'keys').execute();
      return [JSON.stringify(row?.meta)];
    },
    ['{"bb":1,"a":2}'],
    ['{"a":2,"bb":1}'],
  ],
  'json-distinct': [
    async (s) => {
      await s.insert(things, { ...small, label: 'one', meta: { x: 1, y: 2 } });
      await s.insert(things, { ...small, label: 'two', meta: { y: 2, x: 1 } });
      const found = await of(s).select('meta').distinct().where('label', 'in', ['one', 'two']).execute();
      return [found.length];
    },
    [2],
    [1],
  ],
  'address-order': [read((q) => q.select('label').orderBy('address')), ['b', 'a'], ['a', 'b']],
  'time-functions': [first((q) => q.select(sql`strftime('%Y', '2026-01-01')`.as('x'))), ['2026'], failed],
  'own-operators': [first((q) => q.select('label').where('label', '~', '^a')), failed, ['a']],
  'distinct-on': [read((q) => q.select('flag').distinctOn('flag').orderBy('flag')), failed, [false, true]],
  merge: [
    async (s) => [
      (
        await s.query
          .mergeInto('things as t')
          .using('things as u', 't.id', 'u.id')
          .whenMatched()
          .thenDoNothing()
          .executeTakeFirst()
      ).numChangedRows,
    ],
    'privilege-missing',
    [0n],
  ],
  'long-conditions': [
    first((q) =>
      q.select('label').where((eb) => eb.or(Array.from({ length: 1_100 }, () => eb('label', '=', 'a')))),
    ),
    failed,
    ['a'],
  ],
  'group-by': [read((q) => q.select(['n', 'flag']).groupBy('flag').orderBy('flag')), [3, 7], failed],
  'transaction-time': [
    async (s) => {
      const made = [await s.insert(notes, { label: 'a' })];
      await aLittle();
      made.push(await s.insert(notes, { label: 'b' }));
      await s.update(notes, made[0]?.id ?? '', { label: 'c' });
      await aLittle();
      await s.query.updateTable('notes').set({ label: 'd' }).where('label', '=', 'b').execute();
      await aLittle();
      await sql`UPDATE notes SET label = 'e' WHERE label = 'a'`.execute(s.query);
      const changed = await s.query.selectFrom('notes').select('updated_at').execute();
      return [
        new Set(made.map((row) => row.created_at)).size,
        new Set(changed.map((row) => row.updated_at)).size,
      ];
    },
    [2, 2],
    [1, 1],
  ],
  'same-updated-at': [
    async (s) => {
      const { id } = await s.insert(notes, { label: 'a', updated_at: past });
      const again = await s.update(notes, id, { updated_at: past, label: 'b' });
      return [again.updated_at === past];
    },
    [true],
    [false],
  ],
  'ignored-conflict': [
    async (s) =>
      s.query
        .insertInto('events')
        .values({ name: 'known' })
        .onConflict((c) => c.column('name').doNothing())
        .returning('name')
        .execute(),
    'unique-violation',
    [],
  ],
  'indexed-json': [
    async (s) => {
      // no compression makes it shorter
      await s.insert(documents, { body: randomBytes(9_000).toString('base64') });
      return (await s.query.selectFrom('documents').select('id').execute()).map(() => 'stored');
    },
    ['stored'],
    'value-unstorable',
  ],
  'lock-append-only': [
    async (s) => s.query.selectFrom('events').select('name').forUpdate().execute(),
    [{ name: 'known' }],
    'guarantee-violated',
  ],
  'raw-booleans': [raw('SELECT 1 > 0'), [1], [true]],
  'raw-like': [raw("SELECT label FROM things WHERE label LIKE 'A%'"), ['a'], []],
  'raw-null-order': [
    raw('SELECT n FROM (SELECT n FROM things UNION ALL SELECT NULL) AS x ORDER BY n LIMIT 1'),
    [null],
    [3],
  ],
  'raw-form': [raw("UPDATE things SET code = 'nope' RETURNING code"), 'check-violation', 'value-invalid'],
  'raw-json': [raw("UPDATE things SET meta = '{' RETURNING meta"), 'check-violation', 'value-invalid'],
  'raw-hour-24': [
    raw("UPDATE things SET due = '2026-01-01T24:00:00.000Z' WHERE label = 'a' RETURNING due"),
    ['2026-01-01T24:00:00.000Z'],
    ['2026-01-02T00:00:00.000Z'],
  ],
  'raw-address': [
    raw("UPDATE things SET address = '10.0.0.1/24' WHERE label = 'a' RETURNING address"),
    ['10.0.0.1/24'],
    'check-violation',
  ],
  'raw-decimal': [raw("SELECT money + 0 FROM things WHERE label = 'a'"), [1230], [12.3]],
  'raw-decimal-rounding': [
    raw("UPDATE things SET money = 1.005 WHERE label = 'b' RETURNING money"),
    'value-invalid',
    ['1.01'],
  ],
  'raw-decimal-range': [
    raw("UPDATE things SET money = 100000 WHERE label = 'b'"),
    'check-violation',
    'value-invalid',
  ],
  'raw-comparison': [raw("SELECT n FROM things WHERE code = 'nope'"), [], 'value-invalid'],
  'raw-conversion': [raw("UPDATE things SET n = 1.5 WHERE label = 'a' RETURNING n"), 'value-invalid', [2]],
  'raw-boolean': [
    async (s) =>
      (await sql<{ n: number }>`UPDATE things SET n = ${true} RETURNING n`.execute(s.query)).rows
        .slice(0, 1)
        .map(({ n }) => n),
    [1],
    'value-invalid',
  ],
  'raw-facts': [raw("UPDATE things SET n = 'nope'"), { table: 'things', columns: ['n'] }, {}],
  'raw-null-key': [
    raw("INSERT INTO counted (id, label) VALUES (NULL, 'x') RETURNING id"),
    [1],
    'guarantee-violated',
  ],
  'raw-clock': [
    raw(
      "INSERT INTO events (id, name, created_at) VALUES ('00000000-0000-7000-8000-000000000001', 'x', '2020-01-01T00:00:00.000Z') RETURNING created_at",
    ),
    ['2020-01-01T00:00:00.000Z'],
    'guarantee-violated',
  ],
};

it('every row of the page has a test, and every test a row', () => {
  expect([...names, 'merge'].sort()).toEqual(Object.keys(differences).sort());
  expect(page).toContain('| merge  ');
});

describe.each(engines)('the differences on $name', (engine) => {
  let db: TestDatabase<typeof tables>;
  beforeAll(async () => {
    db = await testDatabase(testing, {
      url: engine.name === 'postgres' ? inject('postgresUrl') : engine.name,
    });
    await db.insert(events, { name: 'known' });
    await db.session((s) =>
      s.insertMany(things, [
        {
          label: 'a',
          n: 7,
          small: 2 ** 31 - 1,
          big: 2n ** 63n - 1n,
          money: '12.30',
          real: 2.5,
          flag: true,
          address: '9.0.0.1',
          meta: { o: { a: 1 }, b: true },
          other: 9,
        },
        { label: 'b', n: 3, small: 0, real: 0, flag: false, address: '10.0.0.1', meta: {}, other: 10 },
      ]),
    );
  });
  afterAll(() => db.close());

  it.each(Object.entries(differences))('%s', async (_, [run, sqlite, postgres]) => {
    const expected = sqlOf(engine) === 'sqlite' ? sqlite : postgres;
    const isCode = typeof expected === 'string' || Array.isArray(expected);
    const found = await db
      .session((s) => run(s as S))
      .catch((error: unknown) => {
        if (!(error instanceof AshlarError)) throw error;
        return isCode ? error.code : error.facts;
      });
    await db.deleteMany(things, (eb) => eb('label', 'not in', ['a', 'b']));
    expect(found).toStrictEqual(expected);
  });
});
