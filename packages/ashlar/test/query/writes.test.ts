import {
  AshlarError,
  autoincrement,
  bigint,
  bytes,
  type Database,
  decimal,
  generated,
  id,
  inet,
  json,
  type Session,
  table,
  updatedAt,
} from 'ashlar';
import type { Column } from 'ashlar/extend';
import { sql } from 'ashlar/query';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines, sqlOf } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { people, pets } from './setup.js';

const kinds = {
  text: z.string().max(40),
  choice: z.enum(['a', "it's"]),
  pattern: z.string().regex(/^x/),
  whole: z.int(),
  small: z.int32().min(-5).max(5),
  big: bigint(),
  money: decimal(12, 2),
  longest: decimal(18, 6, { min: '-5.000000', max: '999999999999.999998' }),
  points: decimal(18, 0),
  at_most: z
    .bigint()
    .min(-5n)
    .max(2n ** 60n),
  real: z.number(),
  flag: z.boolean(),
  uuid: z.uuid(),
  at: z.iso.datetime({ precision: 3 }),
  precise: z.iso.datetime({ precision: 6 }),
  day: z.iso.date(),
  address: inet(),
  anything: json(z.json()),
  list: z.array(z.string()),
  blob: bytes(),
};
type Kind = keyof typeof kinds;

// one row of each write: its other columns stay NULL
const values = table('matrix', {
  id: id(),
  ...(Object.fromEntries(Object.entries(kinds).map(([name, type]) => [name, type.nullable()])) as {
    [K in Kind]: z.ZodNullable<(typeof kinds)[K]>;
  }),
});
const numbered = table('numbered', { id: autoincrement(), note: z.string() });
const defaults = table('defaults', {
  id: id(),
  label: z.string(),
  status: z.enum(['new', 'old']).default('new'),
  settings: json(z.json()).default({ a: 1 }),
  on: z.boolean().default(true),
  token: generated(z.string(), () => crypto.randomUUID()),
  changed_at: updatedAt(),
});
const tables = { values, numbered, defaults, people, pets };
type S = Session<typeof tables>;

const uuid = '0190a0b0-0000-7000-8000-000000000000';
const nested = (levels: number): unknown => (levels === 0 ? 'bottom' : [nested(levels - 1)]);

/** Difficult values of each kind; what a column refuses is refused on every path with the same code. */
const difficult: { readonly [K in Kind]: readonly unknown[] } = {
  text: ['', 'a\0b', '\ud800', '😀', "';--", '\\', 'NULL', '5', '{}', 'x'.repeat(41), 5, true, {}],
  choice: ["it's", 'b', '', 1],
  pattern: ['xy', 'y'],
  whole: [0, -0, 2 ** 53 - 1, -(2 ** 53) + 1, 2 ** 53, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5'],
  small: [-5, 6, 1.5],
  big: [
    ...[0n, -0n, -1n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n)],
    ...[2n ** 63n, -(2n ** 63n) - 1n, 10n ** 30n, 5, -0, 1.5, '5', '9007199254740993', true],
  ],
  money: [
    ...[
      '0.00',
      '-0.01',
      '12.30',
      '9999999999.99',
      '-9999999999.99',
      '-0.00',
      '12.3',
      '12.300',
      '012.30',
      '12',
    ],
    ...['10000000000.00', '1e2', ' 1.00', '', 'NaN', '.50', '1.', 12.3, 12, 5n, true],
  ],
  longest: ['-5.000000', '-5.000001', '999999999999.999998', '999999999999.999999', '0.000001'],
  points: [
    '0',
    '-0',
    '999999999999999999',
    '-999999999999999999',
    '1000000000000000000',
    '1.0',
    '9007199254740993',
  ],
  at_most: [-5n, -6n, 2n ** 60n, 2n ** 60n + 1n, 2n ** 53n + 1n],
  real: [0.1, 5e-324, 1.7976931348623157e308, -0, Number.NaN, Number.NEGATIVE_INFINITY, 1e21, 3, '1.5'],
  flag: [true, false, 1, 'true'],
  uuid: [uuid, uuid.toUpperCase(), 'nope', ''],
  at: [
    '2026-02-28T23:59:59.999Z',
    '2026-02-29T00:00:00.000Z',
    '2026-01-01T00:00:00Z',
    '0000-01-01T00:00:00.000Z',
  ],
  precise: ['2026-01-01T00:00:00.000001Z', '2026-01-01T00:00:00.000Z'],
  day: ['2024-02-29', '2026-02-30', '0000-01-01', '2026-01-01T00:00:00.000Z'],
  address: ['10.0.0.1', '::ffff:1.2.3.4', '2001:DB8::1', '10.0.0.0/8', '1.2.3.04'],
  anything: [
    '5',
    'null',
    '{"a":1}',
    5,
    0,
    -0,
    true,
    false,
    {},
    [],
    [[null]],
    '',
    'a\0b',
    { k: '\ud800' },
    nested(511),
    nested(600),
  ],
  list: [[], [''], ['a\0'], [1], 'a', ['5', 'null']],
  blob: [new Uint8Array(), new Uint8Array([0, 255]), 'x', [1]],
};

type Path = (s: S, column: Kind, value: unknown) => Promise<string>;
const blank = async (s: S): Promise<string> => (await s.insert(values, {})).id;
const row = (column: Kind, value: unknown) => ({ [column]: value }) as never;

const rowOf = (id: string, column: Kind, value: unknown) => ({ id, [column]: value }) as never;

const paths: Readonly<Record<string, Path>> = {
  insert: async (s, column, value) => (await s.insert(values, row(column, value))).id,
  insertMany: async (s, column, value) => {
    const key = crypto.randomUUID();
    await s.insertMany(values, [{ [column]: value, id: key } as never]);
    return key;
  },
  'upsert of a new row': async (s, column, value) =>
    (await s.upsert(values, rowOf(crypto.randomUUID(), column, value), { by: 'id' })).id,
  'upsert of an existing row': async (s, column, value) =>
    (await s.upsert(values, rowOf(await blank(s), column, value), { by: 'id' })).id,
  update: async (s, column, value) => (await s.update(values, await blank(s), row(column, value))).id,
  'insertInto of s.query': async (s, column, value) =>
    (await s.query.insertInto('matrix').values(row(column, value)).returning('id').executeTakeFirstOrThrow())
      .id,
  'insertInto with rows that lack a column': async (s, column, value) => {
    const made = await s.query
      .insertInto('matrix')
      .values([{}, row(column, value)] as never)
      .returning('id')
      .execute();
    return made[1]?.id ?? '';
  },
  'updateTable of s.query': async (s, column, value) => {
    const key = await blank(s);
    await s.query.updateTable('matrix as m').set(row(column, value)).where('m.id', '=', key).execute();
    return key;
  },
  'on conflict of s.query': async (s, column, value) => {
    const key = await blank(s);
    await s.query
      .insertInto('matrix')
      .values({ id: key } as never)
      .onConflict((oc) => oc.column('id').doUpdateSet(row(column, value)))
      .execute();
    return key;
  },
};

/** SQLite has no MERGE: see differences.md. */
const merges: Readonly<Record<string, Path>> = {
  'update of MERGE': async (s, column, value) => {
    const key = await blank(s);
    await s.query
      .mergeInto('matrix as t')
      .using('matrix as u', 't.id', 'u.id')
      .whenMatchedAnd('u.id', '=', key)
      .thenUpdateSet(row(column, value))
      .execute();
    return key;
  },
  'insert of MERGE': async (s, column, value) => {
    const [key, source] = [crypto.randomUUID(), await blank(s)];
    await s.query
      .mergeInto('matrix as t')
      .using('matrix as u', (on) => on.on('t.id', '=', key))
      .whenNotMatchedAnd('u.id', '=', source)
      .thenInsertValues(rowOf(key, column, value))
      .execute();
    return key;
  },
};

const isAccepted = (column: Kind, value: unknown): boolean =>
  values.insert.safeParse({ [column]: value }).success;

/** Raw SQL has no Zod check: the caller passes the stored form, and only the database refuses. */
const rawPaths = (db: Database<typeof tables>): Readonly<Record<string, Path>> => {
  // an engine encodes only what the table's schema accepts
  const stored = (column: Kind, value: unknown): unknown =>
    isAccepted(column, value) ? db.engine.encode(values.columns[column] as Column, value) : value;
  return {
    'INSERT of raw SQL': async (s, column, value) => {
      const key = crypto.randomUUID();
      await sql`INSERT INTO matrix (id, ${sql.ref(column)}) VALUES (${key}, ${stored(column, value)})`.execute(
        s.query,
      );
      return key;
    },
    'UPDATE of raw SQL': async (s, column, value) => {
      const key = await blank(s);
      await sql`UPDATE matrix SET ${sql.ref(column)} = ${stored(column, value)} WHERE id = ${key}`.execute(
        s.query,
      );
      return key;
    },
    'ON CONFLICT of raw SQL': async (s, column, value) => {
      const key = await blank(s);
      await sql`INSERT INTO matrix (id) VALUES (${key}) ON CONFLICT (id)
        DO UPDATE SET ${sql.ref(column)} = ${stored(column, value)}`.execute(s.query);
      return key;
    },
  };
};

const codeOf = (error: unknown): string => {
  if (error instanceof AshlarError) return error.code;
  throw error;
};

describe.each(engines)('writes on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables));
  });
  afterAll(() => remove());

  it.each(Object.keys(kinds) as Kind[])(
    'store or refuse difficult values of the kind %s alike',
    async (column) => {
      await db.session(async (s) => {
        for (const value of difficult[column]) {
          const results = [];
          const all = sqlOf(engine) === 'postgres' ? { ...paths, ...merges } : paths;
          for (const [name, path] of Object.entries(all)) {
            const found = await s
              .session(async (inner) => {
                const key = await path(inner as S, column, value);
                return (await inner.get(values, key))?.[column];
              })
              .then((stored) => ({ stored }), codeOf);
            results.push([name, found]);
          }
          const [[, first] = []] = results;
          expect(results).toStrictEqual(results.map(([name]) => [name, first]));
          if (isAccepted(column, value)) expect(first).toStrictEqual({ stored: value });
          else expect(['value-invalid', 'value-unstorable']).toContain(first);
        }
      });
    },
  );

  it.each(Object.keys(kinds) as Kind[])(
    'of raw SQL store values of the kind %s unchanged, or end with an error of Ashlar',
    async (column) => {
      await db.session(async (s) => {
        for (const value of difficult[column]) {
          const accepted = isAccepted(column, value);
          for (const [name, path] of Object.entries(rawPaths(db))) {
            const found = await s
              .session(async (inner) => {
                const key = await path(inner as S, column, value);
                return (await inner.get(values, key))?.[column];
              })
              .then((stored) => ({ stored }), codeOf);
            if (accepted) expect([name, found]).toStrictEqual([name, { stored: value }]);
          }
        }
      });
    },
  );

  it('fill ids, defaults and times through s.query', async () => {
    const made = await db.session((s) =>
      s.query
        .insertInto('defaults')
        .values([
          { label: 'all defaults' },
          { label: 'some', status: 'old', settings: '5', on: false },
          { label: 'raw', status: sql<'new'>`'new'` },
        ] as never)
        .returningAll()
        .execute(),
    );
    expect(made).toMatchObject([
      { label: 'all defaults', status: 'new', settings: { a: 1 }, on: true },
      { label: 'some', status: 'old', settings: '5', on: false },
      { label: 'raw', status: 'new', settings: { a: 1 }, on: true },
    ]);
    const rows = made as { id: string; token: string; changed_at: string }[];
    expect(new Set(rows.map((each) => each.id)).size).toBe(3);
    expect(new Set(rows.map((each) => each.token)).size).toBe(3);
    for (const each of rows) expect(each.changed_at).toMatch(/^\d{4}-.*Z$/);
  });

  it('fill a row of which nothing is given', async () => {
    const [made] = await db.session((s) =>
      s.query.insertInto('matrix').defaultValues().returningAll().execute(),
    );
    expect(made).toMatchObject({ id: expect.stringMatching(/^[0-9a-f-]{36}$/), text: null });
  });

  it('refuse the key of autoincrement()', async () => {
    const refused = (work: (s: S) => Promise<unknown>) => db.session((s) => work(s as S)).catch(codeOf);
    const insert = (given: unknown) => (s: S) =>
      s.query
        .insertInto('numbered')
        .values(given as never)
        .execute();
    expect(await refused(insert({ id: 7, note: 'x' }))).toBe('guarantee-violated');
    expect(await refused(insert([{ note: 'x' }, { id: 7, note: 'x' }]))).toBe('guarantee-violated');
    expect(
      await refused((s) =>
        s.query
          .updateTable('numbered')
          .set({ id: 7 } as never)
          .execute(),
      ),
    ).toBe('guarantee-violated');
    expect(await refused(insert([{ note: 'a' }, { id: undefined, note: 'b' }]))).toHaveLength(1);
    const found = await db.read((s) => s.query.selectFrom('numbered').selectAll().orderBy('id').execute());
    expect(found.map(({ note }) => note)).toEqual(['a', 'b']);
  });

  it('set updated_at in an UPDATE and in ON CONFLICT DO UPDATE', async () => {
    const old = '2000-01-01T00:00:00.000Z';
    const insert = (s: S) =>
      s.query
        .insertInto('defaults')
        .values({ label: 'stale', changed_at: old } as never)
        .returning('id')
        .executeTakeFirstOrThrow();
    const touched = await db.session(async (s) => {
      const { id: key } = await insert(s as S);
      const [updated] = await s.query
        .updateTable('defaults')
        .set({ label: 'new' })
        .where('id', '=', key)
        .returning('changed_at')
        .execute();
      const { id: other } = await insert(s as S);
      const [upserted] = await s.query
        .insertInto('defaults')
        .values({ id: other, label: 'new' } as never)
        .onConflict((oc) => oc.column('id').doUpdateSet((eb) => ({ label: eb.ref('excluded.label') })))
        .returning(['label', 'changed_at'])
        .execute();
      const [kept] = await s.query
        .updateTable('defaults')
        .set({ changed_at: old })
        .where('id', '=', other)
        .returning('changed_at')
        .execute();
      return { updated, upserted, kept };
    });
    expect(String(touched.updated?.changed_at) > '2020').toBe(true);
    expect(touched.upserted?.label).toBe('new');
    expect(String(touched.upserted?.changed_at) > '2020').toBe(true);
    expect(touched.kept?.changed_at).toBe(old);
  });

  it('refuse 1.5 for an integer, in raw SQL too', async () => {
    const inserted = db.session((s) =>
      sql`INSERT INTO matrix (id, whole) VALUES (${crypto.randomUUID()}, ${1.5})`.execute(s.query),
    );
    await expect(inserted).rejects.toMatchObject({ code: 'value-invalid' });
  });

  it('keep expressions as they are', async () => {
    const [made] = await db.session(async (s) => {
      const [{ id: key } = { id: '' }] = await s.query
        .insertInto('matrix')
        .values({ whole: sql<number>`1 + ${2}`, text: 'a' } as never)
        .returning('id')
        .execute();
      return s.query
        .updateTable('matrix')
        .set((eb) => ({ whole: eb('whole', '+', 1), text: eb('text', '||', 'b') }))
        .where('id', '=', key)
        .returning(['whole', 'text'])
        .execute();
    });
    expect(made).toEqual({ whole: 4, text: 'ab' });
  });

  it('take the rows of a query', async () => {
    const made = await db.session((s) =>
      s.query
        .insertInto('matrix')
        .columns(['id', 'text', 'flag'])
        .expression((eb) =>
          eb
            .selectFrom('people')
            .select(({ eb }) => ['people.id', 'name as text', eb('age', '>', 1).as('flag')])
            .where('id', '=', 'nope'),
        )
        .returning(['text', 'flag'])
        .execute(),
    );
    expect(made).toEqual([]);
  });

  it('use the clock that connect was given', async () => {
    const { db: clocked, remove: removeClocked } = await withTables(
      engine,
      { defaults },
      {
        clock: () => new Date('2020-01-02T03:04:05.006Z'),
      },
    );
    const made = await clocked.session(async (s) => {
      await s.query
        .insertInto('defaults')
        .values({ label: 'x' } as never)
        .execute();
      return s.query.updateTable('defaults').set({ label: 'y' }).returning('changed_at').execute();
    });
    await removeClocked();
    expect(made).toEqual([{ changed_at: '2020-01-02T03:04:05.006Z' }]);
  });
});
