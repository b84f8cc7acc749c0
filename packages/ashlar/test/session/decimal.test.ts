import {
  check,
  type Database,
  decimal,
  id,
  index,
  primaryKey,
  type Row,
  references,
  type Session,
  table,
  unique,
} from 'ashlar';
import { audited, auditTrail } from 'ashlar/guarantees';
import { nested, sql } from 'ashlar/query';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { engines, sqlOf } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';

const changes = auditTrail('changes');
const prices = table(
  'prices',
  {
    id: z.int(),
    of: z.string(),
    amount: decimal(18, 2).nullable(),
    fee: decimal(5, 2, { min: '0.00' }).default('0.50'),
    rate: decimal(6, 4).nullable(),
    count: z.int(),
  },
  (c) => [
    primaryKey(c.id),
    index(c.amount),
    audited({ into: changes }),
    check('prices_fee', { sqlite: 'fee <> 100', postgres: 'fee <> 1.00' }),
  ],
);
const steps = table('steps', { id: id(), limit: decimal(5, 2) }, (c) => [unique(c.limit)]);
const orders = table('orders', { id: id(), limit: decimal(7, 2) }, (c) => [
  references(c.limit, steps.columns.limit),
]);
const tables = { changes, prices, steps, orders };
type S = Session<typeof tables>;

const most = '9999999999999999.99';
const all = [`-${most}`, '-1.00', '-0.01', '0.00', '2.00', '10.00', '10.10', most, null];

describe('a decimal', () => {
  it.each([
    [0, 0, {}],
    [1001, 2, {}],
    [5, 6, {}],
    [5, -1, {}],
    [5, 1.5, {}],
    [5, 2, { min: '1' }],
    [5, 2, { max: '1000.00' }],
  ])('is not declared with %s, %s and %o', (total, scale, options) => {
    expect(() => decimal(total, scale, options)).toThrow(TypeError);
  });

  it.each([
    ['a primary key', () => table('t', { amount: decimal(5, 2) }, (c) => [primaryKey(c.amount)])],
    [
      'one check for both engines',
      () => table('t', { id: id(), amount: decimal(5, 2) }, () => [check('t_a', 'amount > 1')]),
    ],
    [
      'the condition of an index',
      () => table('t', { id: id(), amount: decimal(5, 2) }, (c) => [index(c.id, { where: 'amount > 1' })]),
    ],
  ])('is refused in %s', (_, declare) => {
    expect(declare).toThrow(expect.objectContaining({ code: 'table-invalid' }));
  });

  it('has a schema of text', () => {
    expectTypeOf<Row<typeof prices>['amount']>().toEqualTypeOf<string | null>();
    expect(prices.insert.parse({ id: 1, of: 'a', amount: '1.00', count: 1 })).toMatchObject({ fee: '0.50' });
    expect(z.toJSONSchema(prices.row).properties).toMatchObject({ fee: { type: 'string' } });
  });
});

describe.each(engines)('decimal columns on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables));
    await db.session((s) =>
      s.insertMany(
        prices,
        all.map((amount, at) => ({ id: at, of: at % 2 ? 'a' : 'b', amount, count: at, rate: '0.5000' })),
      ),
    );
  });
  afterAll(() => remove());

  const ordered = (s: S) => s.query.selectFrom('prices').select('amount').orderBy('amount');

  it('are ordered and compared as numbers', async () => {
    await db.read(async (s) => {
      expect((await ordered(s).execute()).map(({ amount }) => amount)).toEqual(all);
    });
  });

  it.each<[string, unknown, (string | null)[]]>([
    ['=', '2.00', ['2.00']],
    ['=', '2', ['2.00']],
    ['=', 2, ['2.00']],
    ['=', 2n, ['2.00']],
    ['=', '2.000', ['2.00']],
    ['=', '2.001', []],
    ['=', 'two', []],
    ['!=', '2.001', all.slice(0, -1) as string[]],
    ['>', '2.001', ['10.00', '10.10', most]],
    ['>', 9, ['10.00', '10.10', most]],
    ['>=', 10.1, ['10.10', most]],
    ['<', '-0.005', [`-${most}`, '-1.00', '-0.01']],
    ['<', '-0.015', [`-${most}`, '-1.00']],
    ['<', '1e-3', [`-${most}`, '-1.00', '-0.01', '0.00']],
    ['<', 1e30, all.slice(0, -1) as string[]],
    ['>', 1e30, []],
    ['>', Number.NEGATIVE_INFINITY, all.slice(0, -1) as string[]],
    ['>', '99999999999999999999999.00', []],
    ['in', ['2', '10.1', '3.005'], ['2.00', '10.10']],
    ['not in', ['2', '10.1', '3.005'], [`-${most}`, '-1.00', '-0.01', '0.00', '10.00', most]],
    ['is distinct from', '2', [`-${most}`, '-1.00', '-0.01', '0.00', '10.00', '10.10', most, null]],
  ])('are compared: %s %s', async (operator, value, expected) => {
    await db.read(async (s) => {
      const found = await ordered(s)
        .where('amount', operator as '=', value as never)
        .execute();
      expect(found.map(({ amount }) => amount)).toEqual(expected);
      const computed = await ordered(s)
        .where((eb) => eb(eb.fn.coalesce('amount', 'amount'), operator as '=', value as never))
        .execute();
      expect(computed.map(({ amount }) => amount)).toEqual(expected);
    });
  });

  it('are computed with in one scale', async () => {
    await db.read(async (s) => {
      const row = await s.query
        .selectFrom('prices')
        .where((eb) => eb.between('amount', '-1', '10.1'))
        .select((eb) => [
          eb.fn.sum('amount').as('sum'),
          eb.fn.max('amount').as('max'),
          eb.fn.min('amount').as('min'),
          eb.fn.count('amount').as('count'),
          eb.fn.max(eb('amount', '+', '0.5')).as('more'),
          eb.fn.max(eb('amount', '-', eb.ref('fee'))).as('less'),
          eb.fn.max(eb('amount', '*', 3 as never)).as('times'),
          eb.fn.sum(eb('fee', '*', eb.ref('count') as never)).as('total'),
          eb.fn.sum('rate').as('rates'),
        ])
        .executeTakeFirst();
      expect(row).toEqual({
        sum: '21.09',
        max: '10.10',
        min: '-1.00',
        count: 6,
        more: '10.60',
        less: '9.60',
        times: '30.30',
        total: '10.50',
        rates: '3.0000',
      });
      const rows = await s.query
        .selectFrom('prices')
        .orderBy('id')
        .select((eb) => [
          eb.fn.coalesce('amount', eb.val('7')).as('some'),
          eb.case().when('amount', '>', '2').then(eb.ref('amount')).else('-1').end().as('large'),
          eb('amount', '>', '2.5').as('greater'),
        ])
        .execute();
      expect(rows.map(({ some }) => some)).toEqual([...all.slice(0, -1), '7.00']);
      expect(rows.map(({ large }) => large)).toEqual(
        all.map((amount) => (amount !== null && Number(amount) > 2 ? amount : '-1.00')),
      );
      expect(rows.map(({ greater }) => greater)).toEqual([
        false,
        false,
        false,
        false,
        false,
        true,
        true,
        true,
        null,
      ]);
    });
  });

  it('have sums within 64 bits', async () => {
    const sum = (times: number) =>
      db.read((s) =>
        s.query
          .selectFrom('prices')
          .select((eb) => eb.fn.sum(eb('amount', '*', times as never)).as('sum'))
          .where('amount', '>', '11')
          .executeTakeFirst(),
      );
    expect(await sum(9)).toEqual({ sum: '89999999999999999.91' });
    await expect(sum(10)).rejects.toMatchObject({ code: 'value-corrupt' });
  });

  const refused: Readonly<Record<string, (s: S) => { execute(): Promise<unknown> }>> = {
    '/': (s) => s.query.selectFrom('prices').select((eb) => eb('amount', '/', 2 as never).as('x')),
    '%': (s) => s.query.selectFrom('prices').select((eb) => eb('amount', '%', 2 as never).as('x')),
    '||': (s) => s.query.selectFrom('prices').select((eb) => eb('amount', '||', 'x').as('x')),
    'a product of decimals': (s) =>
      s.query.selectFrom('prices').select((eb) => eb('amount', '*', eb.ref('fee')).as('x')),
    'a product with a fraction': (s) =>
      s.query.selectFrom('prices').select((eb) => eb('amount', '*', 1.5 as never).as('x')),
    'a sum of two scales': (s) =>
      s.query.selectFrom('prices').select((eb) => eb('amount', '+', eb.ref('rate')).as('x')),
    'a sum with an integer column': (s) =>
      s.query.selectFrom('prices').select((eb) => eb('amount', '+', eb.ref('count') as never).as('x')),
    'a sum with more digits': (s) =>
      s.query.selectFrom('prices').select((eb) => eb('amount', '+', '0.001').as('x')),
    'a sum with raw SQL': (s) =>
      s.query.selectFrom('prices').select((eb) => eb('amount', '+', sql<string>`1`).as('x')),
    avg: (s) => s.query.selectFrom('prices').select((eb) => eb.fn.avg('amount' as never).as('x')),
    abs: (s) => s.query.selectFrom('prices').select((eb) => eb.fn('abs', ['amount']).as('x')),
    round: (s) => s.query.selectFrom('prices').select((eb) => eb.fn('round', ['amount']).as('x')),
    cast: (s) => s.query.selectFrom('prices').select((eb) => eb.cast('amount', 'text').as('x')),
    like: (s) => s.query.selectFrom('prices').select('id').where('amount', 'like', '1%'),
    'a comparison of two scales': (s) =>
      s.query.selectFrom('prices').select('id').whereRef('amount', '>', 'rate'),
    'a comparison with integers': (s) =>
      s.query
        .selectFrom('prices')
        .select('id')
        .whereRef('count', '=', 'amount' as never),
    'a comparison in a join': (s) =>
      s.query.selectFrom('prices as p').innerJoin('prices as q', 'p.amount', 'q.rate').select('p.id'),
    'a subquery of another scale': (s) =>
      s.query
        .selectFrom('prices')
        .select('id')
        .where('amount', 'in', (eb) => eb.selectFrom('prices').select('rate') as never),
    'a tuple of another scale': (s) =>
      s.query
        .selectFrom('prices')
        .select('id')
        .where((eb) => eb(eb.refTuple('amount', 'id'), '=', eb.refTuple('rate', 'id') as never)),
    'between two scales': (s) =>
      s.query
        .selectFrom('prices')
        .select('id')
        .where((eb) => eb.between('amount', eb.ref('rate'), eb.ref('rate'))),
    'coalesce of two scales': (s) =>
      s.query.selectFrom('prices').select((eb) => eb.fn.coalesce('amount', 'rate').as('x')),
    'coalesce with more digits': (s) =>
      s.query.selectFrom('prices').select((eb) => eb.fn.coalesce('amount', eb.val('0.001')).as('x')),
    'CASE of two kinds': (s) =>
      s.query.selectFrom('prices').select((eb) =>
        eb
          .case()
          .when('id', '>', 0)
          .then(eb.ref('amount'))
          .else(eb.ref('count') as never)
          .end()
          .as('x'),
      ),
    'a simple CASE': (s) =>
      s.query
        .selectFrom('prices')
        .select((eb) => eb.case('amount').when('1.00').then(1).else(2).end().as('x')),
    'a union of two scales': (s) =>
      s.query
        .selectFrom('prices')
        .select('amount as x')
        .union((eb) => eb.selectFrom('prices').select('rate as x')),
    'SET from another scale': (s) => s.query.updateTable('prices').set((eb) => ({ amount: eb.ref('rate') })),
    'SET from an integer': (s) =>
      s.query.updateTable('prices').set((eb) => ({ amount: eb.ref('count') as never })),
    'SET of an integer': (s) =>
      s.query.updateTable('prices').set((eb) => ({ count: eb.ref('amount') as never })),
    'INSERT … SELECT': (s) =>
      s.query
        .insertInto('prices')
        .columns(['id', 'of', 'count', 'amount'])
        .expression((eb) => eb.selectFrom('prices').select(['id', 'of', 'count', 'rate'])),
  };

  it.each(Object.entries(refused))('are not computed with by %s', async (_, query) => {
    await expect(db.session((s) => query(s as S).execute())).rejects.toMatchObject({ code: 'usage' });
  });

  it('are in common table expressions, subqueries, groups, unions, streams and nested rows', async () => {
    await db.read(async (s) => {
      const late = await s.query
        .with('large', (q) => q.selectFrom('prices').select(['amount', 'fee']).where('amount', '>', '10'))
        .selectFrom('large')
        .selectAll()
        .where('amount', '<', '11')
        .execute();
      expect(late).toEqual([{ amount: '10.10', fee: '0.50' }]);
      const groups = await s.query
        .selectFrom('prices')
        .where('amount', 'in', ['-1', '2', '10', '10.1'])
        .groupBy('of')
        .select((eb) => ['of', eb.fn.sum('amount').as('sum')])
        .having((eb) => eb(eb.fn.sum('amount'), '>', '8.999' as never))
        .orderBy('of')
        .execute();
      expect(groups).toEqual([
        { of: 'a', sum: '9.00' },
        { of: 'b', sum: '12.10' },
      ]);
      const one = s.query.selectFrom('prices').select('amount').where('amount', '=', '2');
      expect(await one.unionAll(one).execute()).toEqual([{ amount: '2.00' }, { amount: '2.00' }]);
      const within = await ordered(s)
        .where('amount', '=', (eb) =>
          eb
            .selectFrom('prices as p')
            .select((of) => of.fn.max('p.amount').as('top'))
            .where('p.amount', '<', '10.05'),
        )
        .execute();
      expect(within).toEqual([{ amount: '10.00' }]);
      const streamed: unknown[] = [];
      for await (const { amount } of ordered(s).stream()) streamed.push(amount);
      expect(streamed).toEqual(all);
      const rows = await s.query
        .selectNoFrom(() => [nested(ordered(s).select((eb) => eb('amount', '+', '0').as('same'))).as('all')])
        .executeTakeFirstOrThrow();
      expect(rows.all).toEqual(all.map((amount) => ({ amount, same: amount })));
    });
  });

  it('are the order of pages, also computed ones', async () => {
    await db.read(async (s) => {
      const found: unknown[] = [];
      let after: string | undefined;
      do {
        const page = await s.page(s.query.selectFrom('prices').select(['amount', 'id']), {
          by: ['amount', 'id'],
          limit: 2,
          after,
        });
        found.push(...page.rows.map(({ amount }) => amount));
        after = page.next;
      } while (after);
      expect(found).toEqual(all);
      const sums = s.query
        .selectFrom('prices')
        .groupBy('id')
        .select((eb) => ['id', eb.fn.coalesce(eb.fn.sum('amount'), eb.val('3')).as('total')]);
      const first = await s.page(sums, { by: ['total', 'id'], limit: 5 });
      const second = await s.page(sums, { by: ['total', 'id'], limit: 5, after: first.next });
      expect([...first.rows, ...second.rows].map(({ total }) => total)).toEqual([
        ...all.slice(0, 5),
        '3.00',
        ...all.slice(5, 8),
      ]);
    });
  });

  it('are written by every method, and by expressions', async () => {
    await db.session(async (s) => {
      const made = await s.insert(prices, { id: 100, of: 'x', amount: '5.00', count: 0 });
      expect(made).toStrictEqual({ id: 100, of: 'x', amount: '5.00', fee: '0.50', rate: null, count: 0 });
      expect(await s.update(prices, 100, { amount: '-5.50' })).toMatchObject({ amount: '-5.50' });
      expect(await s.updateMany(prices, { amount: '-5.50' }, { amount: '6.00' })).toBe(1);
      expect(await s.updateMany(prices, { amount: '6' }, { amount: '7.00' })).toBe(0);
      await s.query
        .updateTable('prices')
        .set((eb) => ({ amount: eb('amount', '+', '0.5'), rate: eb.fn.coalesce('rate', eb.val('0.2500')) }))
        .where('id', '=', 100)
        .execute();
      expect(await s.get(prices, 100)).toMatchObject({ amount: '6.50', rate: '0.2500' });
      await s.query
        .insertInto('prices')
        .values({ id: 100, of: 'y', amount: '1.00', count: 0 })
        .onConflict((oc) => oc.column('id').doUpdateSet((eb) => ({ amount: eb.ref('excluded.amount') })))
        .execute();
      expect(await s.get(prices, 100)).toMatchObject({ amount: '1.00' });
      await s.query
        .insertInto('prices')
        .columns(['id', 'of', 'count', 'amount'])
        .expression((eb) =>
          eb
            .selectFrom('prices')
            .select((of) => [of('id', '+', 1).as('id'), 'of', 'count', 'amount'])
            .where('id', '=', 100),
        )
        .execute();
      expect(await s.get(prices, 101)).toMatchObject({ amount: '1.00' });
      for (const fee of ['1.00', '-0.01'])
        await expect(
          s.session((inner) =>
            inner.query
              .updateTable('prices')
              .set({
                fee: sql<string>`${sql.raw(sqlOf(engine) === 'sqlite' ? fee.replace('.', '').replace(/^(-?)0+/, '$1') : fee)}`,
              })
              .where('id', '=', 100)
              .execute(),
          ),
        ).rejects.toMatchObject({ code: 'check-violation' });
      if (sqlOf(engine) === 'postgres')
        await expect(
          s.session((inner) => sql`update prices set amount = 'NaN' where id = 100`.execute(inner.query)),
        ).rejects.toMatchObject({ code: 'check-violation' });
      expect(await s.deleteMany(prices, { amount: '1.00' })).toBe(2);
    });
  });

  it('are text in the trail, and foreign keys between lengths of one scale', async () => {
    await db.session(async (s) => {
      await s.update(prices, 2, { of: 'z' });
      const [line] = await s.query
        .selectFrom('changes')
        .select('after')
        .where('operation', '=', 'update')
        .orderBy('id', 'desc')
        .limit(1)
        .execute();
      expect(line?.after).toMatchObject({ amount: '-0.01', fee: '0.50', rate: '0.5000' });
      await s.update(prices, 2, { of: 'b' });
      await s.insert(steps, { limit: '12.30' });
      await s.insert(orders, { limit: '12.30' });
      await expect(s.session((inner) => inner.insert(orders, { limit: '12.31' }))).rejects.toMatchObject({
        code: 'foreign-key-violation',
      });
    });
  });
});

describe('a decimal of more than 18 digits', () => {
  const long = table('long', { id: z.int(), amount: decimal(38, 10) }, (c) => [primaryKey(c.id)]);
  it.each(engines)('is exact on Postgres, and refused by name on SQLite: $name', async (engine) => {
    const opened = withTables(engine, { long });
    if (sqlOf(engine) === 'sqlite') {
      await expect(opened).rejects.toMatchObject({
        code: 'column-type-unsupported',
        facts: { table: 'long', columns: ['amount'] },
      });
      return;
    }
    const { db, remove } = await opened;
    try {
      const amount = '1234567890123456789012345678.0123456789';
      await db.session((s) => s.insert(long, { id: 1, amount }));
      expect(await db.get(long, 1)).toEqual({ id: 1, amount });
      const sum = await db.read((s) =>
        s.query
          .selectFrom('long')
          .select((eb) => eb.fn.sum(eb('amount', '*', 10 as never)).as('sum'))
          .where('amount', '>', '1234567890123456789012345678')
          .executeTakeFirst(),
      );
      expect(sum).toEqual({ sum: '12345678901234567890123456780.1234567890' });
    } finally {
      await remove();
    }
  });
});
