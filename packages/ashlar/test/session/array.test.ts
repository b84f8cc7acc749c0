import {
  array,
  type Database,
  id,
  index,
  inet,
  primaryKey,
  type Row,
  type Session,
  table,
  unique,
} from 'ashlar';
import { audited, auditTrail } from 'ashlar/guarantees';
import { nested, sql } from 'ashlar/query';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { engines, sqlOf, withoutRoles } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';

const time = z.iso.datetime({ precision: 6 });
const elements = {
  texts: array(z.string()),
  choices: array(z.enum(['a', "it's", 'ü'])),
  keys: array(z.uuid()),
  wholes: array(z.int()),
  smalls: array(z.int32().min(-5).max(5)),
  flags: array(z.boolean()),
  days: array(z.iso.date()),
  times: array(z.iso.datetime()),
  precise: array(time),
};

const changes = auditTrail('changes');
const lists = table(
  'lists',
  {
    id: z.int(),
    tags: array(z.string().max(20)).max(5).default(['new']),
    maybe: array(time).nullable(),
    ...elements,
  },
  (c) => [
    primaryKey(c.id),
    index(c.tags, { using: 'gin', name: 'lists_tags_idx' }),
    audited({ into: changes }),
  ],
);
const others = table('others', {
  id: id(),
  tags: array(z.string()),
  counts: array(z.int()),
  small: array(z.int32()),
});
const tables = { changes, lists, others };
type S = Session<typeof tables>;

const uuid = '018f0000-0000-7000-8000-000000000001';
const values = {
  texts: [
    '',
    'a',
    'A',
    'NULL',
    'null',
    '"',
    '\\',
    '{}',
    ',',
    ' a ',
    "it's",
    '\t\n\r\b\f',
    '\u2028',
    '😀',
    '/',
    '\\u0041',
  ],
  choices: ['a', 'ü', "it's"],
  keys: [uuid, uuid],
  wholes: [0, -1, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER],
  smalls: [-5, 0, 5],
  flags: [true, false, true],
  days: ['0001-01-01', '2024-02-29', '9999-12-31'],
  times: ['0001-01-01T00:00:00.000Z', '2024-02-29T12:30:45.120Z'],
  precise: ['0001-01-01T00:00:00.000001Z', '9999-12-31T23:59:59.999999Z'],
} satisfies { [K in keyof typeof elements]: z.output<(typeof elements)[K]> };
const empty = Object.fromEntries(Object.keys(values).map((name) => [name, []])) as unknown as {
  [K in keyof typeof values]: (typeof values)[K];
};

describe('an array', () => {
  it.each([
    ['null', () => array(z.string().nullable())],
    ['reals', () => array(z.number())],
    ['addresses', () => array(inet())],
    ['times of a program', () => array(z.date())],
    ['arrays', () => array(array(z.string()))],
    ['objects', () => array(z.object({}))],
  ])('has no elements that are %s', (_, type) => {
    expect(() => table('t', { id: id(), a: type() })).toThrow(
      expect.objectContaining({ code: 'column-type-unsupported' }),
    );
  });

  it.each([
    ['a primary key', () => table('t', { a: array(z.string()) }, (c) => [primaryKey(c.a)])],
    ['a unique key', () => table('t', { id: id(), a: array(z.string()) }, (c) => [unique(c.a)])],
    ['an ordered index', () => table('t', { id: id(), a: array(z.string()) }, (c) => [index(c.a)])],
  ])('is in no %s', (_, declare) => {
    expect(declare).toThrow(expect.objectContaining({ code: 'table-invalid' }));
  });

  it('has the types of its elements', () => {
    expectTypeOf<Row<typeof lists>['tags']>().toEqualTypeOf<string[]>();
    expectTypeOf<Row<typeof lists>['maybe']>().toEqualTypeOf<string[] | null>();
    expectTypeOf<Row<typeof lists>['wholes']>().toEqualTypeOf<number[]>();
    expect(lists.insert.parse({ id: 1, ...values })).toMatchObject({ tags: ['new'] });
    expect(z.toJSONSchema(lists.row).properties).toMatchObject({
      flags: { type: 'array', items: { type: 'boolean' } },
    });
  });

  it.each<[string, object]>([
    ['too many elements', { tags: ['1', '2', '3', '4', '5', '6'] }],
    ['an element that its type refuses', { smalls: [6] }],
    ['null', { texts: [null] }],
    ['NUL', { texts: ['\0'] }],
    ['a lone surrogate', { texts: ['\ud800'] }],
    ['a control character', { texts: ['\u0001'] }],
    ['minus zero', { wholes: [-0] }],
    ['a UUID in capitals', { keys: [uuid.toUpperCase()] }],
    ['a time of other digits', { times: values.precise }],
    ['the year 0', { days: ['0000-01-01'] }],
  ])('refuses %s', (_, part) => {
    expect(lists.insert.safeParse({ id: 1, ...values, ...part }).success).toBe(false);
  });
});

describe.each(engines)('columns of arrays on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  const raw = sqlOf(engine);
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables));
    await db.session({ actor: 'maria' }, async (s) => {
      await s.insert(lists, { id: 1, tags: ['a', 'b'], maybe: null, ...values });
      await s.insertMany(lists, [
        { id: 2, tags: ['a'], maybe: ['2024-02-29T00:00:00.000001Z'], ...empty },
        { id: 3, tags: ['b', 'a'], maybe: [], ...values },
      ]);
      await s.insertMany(others, [
        { tags: ['a', 'b'], counts: [1], small: [1] },
        { tags: [], counts: [], small: [] },
      ]);
    });
  });
  afterAll(() => remove());

  const ids = (s: S) => s.query.selectFrom('lists').select('id').orderBy('id');
  const found = async (query: { execute(): Promise<readonly { readonly id: number }[]> }) =>
    (await query.execute()).map((row) => row.id);

  it('come back as they were written, by every way', async () => {
    await db.read(async (s) => {
      expect(await s.get(lists, 1)).toEqual({ id: 1, tags: ['a', 'b'], maybe: null, ...values });
      expect(await s.get(lists, 2)).toEqual({
        id: 2,
        tags: ['a'],
        maybe: ['2024-02-29T00:00:00.000001Z'],
        ...empty,
      });
      const [row] = await s.query.selectFrom('lists').selectAll().where('id', '=', 3).execute();
      expect(row).toEqual({ id: 3, tags: ['b', 'a'], maybe: [], ...values });
      const computed = await s.query
        .selectFrom((eb) => eb.selectFrom('lists').selectAll().as('l'))
        .select((eb) => [
          eb.fn.coalesce('l.maybe', 'l.precise').as('first'),
          eb
            .case()
            .when('l.id', '=', 1)
            .then(eb.val(['x']))
            .else(eb.ref('l.tags'))
            .end()
            .as('tags'),
          'l.days',
        ])
        .orderBy('l.id')
        .execute();
      expect(computed).toEqual([
        { first: values.precise, tags: ['x'], days: values.days },
        { first: ['2024-02-29T00:00:00.000001Z'], tags: ['a'], days: [] },
        { first: [], tags: ['b', 'a'], days: values.days },
      ]);
      const [inside] = await s.query
        .selectFrom('others')
        .select((eb) =>
          nested(
            eb
              .selectFrom('lists')
              .select(['texts', 'wholes', 'flags', 'days', 'times', 'precise', 'maybe', 'keys'])
              .orderBy('id'),
          ).as('rows'),
        )
        .execute();
      const { texts, wholes, flags, days, times, precise, keys } = values;
      expect(inside?.rows[0]).toEqual({ texts, wholes, flags, days, times, precise, keys, maybe: null });
      expect(inside?.rows[1]).toMatchObject({ texts: [], maybe: ['2024-02-29T00:00:00.000001Z'] });
    });
  });

  it.each<[string, unknown, number[]]>([
    ['=', ['a', 'b'], [1]],
    ['=', ['b', 'a'], [3]],
    ['=', [], []],
    ['=', ['a', null], []],
    ['=', 'a', []],
    ['!=', ['a', 'b'], [2, 3]],
    ['in', [['a'], ['b', 'a'], ['\0']], [2, 3]],
    ['not in', [['a']], [1, 3]],
    ['is distinct from', ['a'], [1, 3]],
    ['is not distinct from', ['a'], [2]],
  ])('are compared as a whole: %s %j', async (operator, value, expected) => {
    await db.read(async (s) => {
      const where = (of: never) => found(ids(s).where(of, operator as '=', value as never));
      expect(await where('tags' as never)).toEqual(expected);
      const computed = ids(s).where((eb) =>
        eb(eb.fn.coalesce('tags', 'tags'), operator as '=', value as never),
      );
      expect(await found(computed)).toEqual(expected);
    });
  });

  it('are compared with each other, with times and with integers of any width', async () => {
    await db.read(async (s) => {
      const same = s.query
        .selectFrom('lists')
        .innerJoin('others', 'lists.tags', 'others.tags')
        .select('lists.id');
      expect(await found(same)).toEqual([1]);
      const among = ids(s).where('tags', 'in', (eb) => eb.selectFrom('others').select('tags'));
      expect(await found(among)).toEqual([1]);
      expect(await found(ids(s).where('times', '=', values.times))).toEqual([1, 3]);
      expect(await found(ids(s).where('precise', '=', values.times))).toEqual([]);
      expect(await found(ids(s).where('smalls', '=', [2 ** 40]))).toEqual([]);
      expect(await found(ids(s).where('wholes', '=', values.wholes))).toEqual([1, 3]);
      const groups = await s.query
        .selectFrom('lists')
        .select((eb) => ['texts', eb.fn.countAll<number>().as('rows')])
        .groupBy('texts')
        .execute();
      expect(groups.map(({ rows }) => rows).sort()).toEqual([1, 2]);
    });
    await db.session((s) => s.updateMany(others, { tags: [] }, { tags: ['x'] }));
    await db.read(async (s) => {
      const rows = await s.query.selectFrom('others').select('id').where('tags', '=', ['x']).execute();
      expect(rows).toHaveLength(1);
    });
  });

  const refused: Readonly<Record<string, (s: S) => { execute(): Promise<unknown> }>> = {
    '<': (s) => ids(s).where('tags', '<', ['a']),
    between: (s) => ids(s).where((eb) => eb.between('tags', ['a'] as never, ['b'] as never)),
    min: (s) => s.query.selectFrom('lists').select((eb) => eb.fn.min('tags' as never).as('x')),
    greatest: (s) => s.query.selectFrom('lists').select((eb) => eb.fn('greatest', ['tags', 'texts']).as('x')),
    'an order': (s) => s.query.selectFrom('lists').select('id').orderBy('tags'),
    'an order by its alias': (s) => s.query.selectFrom('lists').select('tags as x').orderBy('x'),
    sum: (s) => s.query.selectFrom('lists').select((eb) => eb.fn.sum('wholes' as never).as('x')),
    'a part': (s) =>
      s.query.selectFrom('lists').select(
        (eb) =>
          eb
            .ref('tags', '->')
            .at(0 as never)
            .as('x') as never,
      ),
    like: (s) => ids(s).where('tags', 'like', 'a' as never),
    'another kind of elements': (s) => ids(s).whereRef('tags', '=', 'wholes' as never),
    'another width of integers': (s) =>
      s.query.selectFrom('others').select('id').whereRef('counts', '=', 'small'),
    'SET from another kind': (s) =>
      s.query.updateTable('lists').set((eb) => ({ tags: eb.ref('wholes') as never })),
  };

  it.each(Object.entries(refused))('have no %s', async (_, query) => {
    await expect(db.session({ actor: 'maria' }, (s) => query(s as S).execute())).rejects.toMatchObject({
      code: 'usage',
    });
  });

  it('are no page’s order', async () => {
    await expect(
      db.read((s) =>
        s.page(s.query.selectFrom('lists').select(['id', 'tags']), { by: ['tags'], limit: 2 } as never),
      ),
    ).rejects.toMatchObject({ code: 'usage' });
  });

  it('have the same text on every engine', async () => {
    await db.read(async (s) => {
      const [row] = await s.query
        .selectFrom('lists')
        .where('id', '=', 1)
        .select((eb) => [
          eb.cast<string>('tags', 'text').as('tags'),
          eb.cast<string>('times', 'text').as('times'),
          eb.cast<string>('flags', 'text').as('flags'),
          eb.cast<string>('maybe', 'text').as('maybe'),
        ])
        .execute();
      expect(row).toEqual({
        tags: '["a", "b"]',
        times: `["${values.times.join('", "')}"]`,
        flags: '[true, false, true]',
        maybe: null,
      });
    });
  });

  it('are arrays in the trail', async () => {
    await db.session({ actor: 'maria' }, (s) =>
      s.insert(lists, { id: 9, tags: ['x'], maybe: values.precise, ...values }),
    );
    const trail = await db.read((s) =>
      s.query.selectFrom('changes').select(['after']).orderBy('id', 'desc').limit(1).executeTakeFirst(),
    );
    const { after } = trail as { after: unknown };
    expect(typeof after === 'string' ? JSON.parse(after) : after).toEqual({
      id: 9,
      tags: ['x'],
      maybe: values.precise,
      ...values,
    });
  });

  const refusedBy: readonly (readonly [string, string, string])[] = [
    ['an object', `'{}'`, `'{}'::jsonb`],
    ['no JSON', `'[1'`, `'[1'`],
    ['null', `'[null]'`, 'ARRAY[NULL]::bigint[]'],
    ['two dimensions', `'[[1]]'`, 'ARRAY[[1],[2]]::bigint[]'],
    ['another beginning', `'[1 ]'`, `'[2:3]={1,2}'::bigint[]`],
    ['a fraction', `'[1.5]'`, `'{1.5}'::bigint[]`],
  ];
  it.each(refusedBy)('refuse %s of raw SQL', async (_, sqlite, postgres) => {
    await expect(
      db.session((s) =>
        sql`UPDATE others SET counts = ${sql.raw(raw === 'sqlite' ? sqlite : postgres)}`.execute(s.query),
      ),
    ).rejects.toThrow();
  });
});

describe.each(withoutRoles)('the text of arrays on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables));
    await db.session((s) => s.insert(others, { tags: [], counts: [], small: [] }));
  });
  afterAll(() => remove());

  const foreign: readonly (readonly [string, string])[] = [
    ['tags', `'["\\u0041"]'`],
    ['tags', `'["a", "b"]'`],
    ['tags', `'["\\/"]'`],
    ['counts', `'[01]'`],
    ['counts', `'[-0]'`],
    ['counts', `'[true]'`],
    ['counts', `'["1"]'`],
  ];
  it.each(foreign)('have one form of JSON: %s = %s is refused', async (column, text) => {
    await expect(
      db.session((s) => sql`UPDATE others SET ${sql.raw(column)} = ${sql.raw(text)}`.execute(s.query)),
    ).rejects.toMatchObject({ code: 'check-violation' });
  });
});
