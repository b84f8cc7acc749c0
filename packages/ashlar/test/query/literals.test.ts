import { type Database, id, inet, json, table } from 'ashlar';
import type { ExpressionBuilder } from 'ashlar/query';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';

const point = z.codec(z.strictObject({ x: z.int() }), z.strictObject({ y: z.int() }), {
  decode: ({ x }) => ({ y: x * 10 }),
  encode: ({ y }) => ({ x: y / 10 }),
});

const things = table('things', {
  id: id(),
  text: z.string(),
  whole: z.int(),
  amount: z.number(),
  flag: z.boolean(),
  code: z.uuid(),
  day: z.iso.date(),
  at: z.iso.datetime({ precision: 3 }),
  precise: z.iso.datetime({ precision: 6 }),
  due: z.date(),
  address: inet(),
  meta: json(z.json()),
  place: point,
});
type Tables = { things: typeof things };
type Column = Exclude<keyof typeof row, never>;

const row = {
  text: 'b',
  whole: 2,
  amount: 2.5,
  flag: true,
  code: '00000000-0000-7000-8000-000000000001',
  day: '2026-01-02',
  at: '2026-01-02T00:00:00.000Z',
  precise: '2026-01-02T00:00:00.000100Z',
  due: new Date('2026-01-02T00:00:00.000Z'),
  address: '10.0.0.1',
  meta: { a: 1, b: [true] } as unknown,
  place: { y: 50 },
};

// values that the column never has: of another form, or that no engine can store
const never: Readonly<Record<Column, readonly unknown[]>> = {
  text: ['a\0', '\ud800', 'other'],
  whole: [2.5, 'nope', 3],
  amount: ['nope', 3],
  flag: ['nope', false],
  code: ['nope', '00000000-0000-7000-8000-000000000002'],
  day: ['nope', '2026-02-30', '2026-01-03'],
  at: ['nope', '2026-01-02T00:00:00.000001Z'],
  precise: ['nope', '2026-01-02T00:00:00.0001001Z'],
  due: ['nope', new Date(Number.NaN), new Date('2026-01-03T00:00:00.000Z')],
  address: ['nope', '10.0.0.2'],
  meta: [{ 'a\0': 1 }, { a: '\ud800' }, 'other', { a: 2 }],
  place: [{ x: 5 }, 'nope', { y: 60 }],
};

type Builder = ExpressionBuilder<Record<string, Record<string, unknown>>, string>;
const forms: readonly { name: string; of: (eb: Builder, column: string) => unknown }[] = [
  { name: 'the column', of: (eb, column) => eb.ref(column) },
  { name: 'coalesce with itself', of: (eb, column) => eb.fn.coalesce(eb.ref(column), eb.ref(column)) },
  {
    name: 'coalesce with a value',
    of: (eb, column) => eb.fn.coalesce(eb.ref(column), eb.val(row[column as Column])),
  },
  {
    name: 'a CASE with a value',
    of: (eb, column) =>
      eb
        .case()
        .when('text', '=', 'none')
        .then(eb.val(row[column as Column]))
        .else(eb.ref(column))
        .end(),
  },
  {
    name: 'a subquery',
    of: (eb, column) => eb.selectFrom('things as inner').select(`inner.${column}`).limit(1),
  },
];

const columns = Object.keys(row) as Column[];

describe.each(engines)('literals beside expressions on $name', (engine) => {
  let db: Database<Tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, { things }));
    await db.insert(things, row as never);
  });
  afterAll(() => remove());

  const count = (condition: (eb: Builder) => unknown): Promise<number> =>
    db.read(async (s) => {
      const found = await s.query
        .selectFrom('things')
        .select('id')
        .where((eb) => condition(eb as unknown as Builder) as never)
        .execute();
      return found.length;
    });

  for (const { name, of } of forms) {
    it.each(columns)(`compare ${name} of %s`, async (column) => {
      const value = row[column];
      const is = (operator: '=' | '<>' | 'in' | 'not in', given: unknown) =>
        count((eb) => eb(of(eb, column) as never, operator, given as never));
      expect(await is('=', value)).toBe(1);
      expect(await is('<>', value)).toBe(0);
      expect(await is('in', [value])).toBe(1);
      expect(await is('not in', [value])).toBe(0);
      for (const other of never[column]) {
        expect(await is('=', other)).toBe(0);
        expect(await is('<>', other)).toBe(1);
        expect(await is('in', [other, value])).toBe(1);
        expect(await is('not in', [other])).toBe(1);
      }
    });
  }

  it.each(columns.filter((column) => !['meta', 'place', 'flag'].includes(column)))(
    'compare max of %s in HAVING, and in a common table expression',
    async (column) => {
      const having = (operator: '=' | '<>' | '>=', value: unknown) =>
        db.read((s) =>
          s.query
            .selectFrom('things')
            .select('text')
            .groupBy('text')
            .having((eb) => eb(eb.fn.max(column as 'text'), operator, value as never))
            .execute(),
        );
      const within = (value: unknown) =>
        db.read((s) =>
          s.query
            .with('last', (q) =>
              q.selectFrom('things').select((eb) => eb.fn.max(column as 'text').as('most')),
            )
            .selectFrom('last')
            .select('most')
            .where('most', '=', value as never)
            .execute(),
        );
      expect(await having('=', row[column])).toHaveLength(1);
      expect(await having('>=', row[column])).toHaveLength(1);
      expect(await within(row[column])).toEqual([{ most: row[column] }]);
      for (const other of never[column]) {
        expect(await having('=', other)).toHaveLength(0);
        expect(await having('<>', other)).toHaveLength(1);
        expect(await within(other)).toHaveLength(0);
      }
    },
  );

  it.each(columns)('are stored by an expression in SET, and returned by one: %s', async (column) => {
    const value = row[column];
    await db.session((s) =>
      s.query
        .updateTable('things')
        .set((eb) => ({
          [column]: eb
            .case()
            .when('text', '=', 'none')
            .then(eb.ref(column))
            .else(eb.fn.coalesce(eb.val(value as never), eb.ref(column)))
            .end(),
        }))
        .execute(),
    );
    const [found] = await db.read((s) =>
      s.query
        .selectFrom('things')
        .select((eb) => [
          eb.fn.coalesce(eb.ref(column), eb.val(value as never)).as('first'),
          eb.case().when('text', '=', 'none').then(eb.val(value)).else(eb.ref(column)).end().as('chosen'),
        ])
        .execute(),
    );
    expect(found).toEqual({ first: value, chosen: value });
  });

  it('compare computed numbers with fractions', async () => {
    expect(await count((eb) => eb(eb('whole', '+', 1), '=', 2.5))).toBe(0);
    expect(await count((eb) => eb(eb('whole', '+', 1), '>', 2.5))).toBe(1);
    const groups = await db.read((s) =>
      s.query
        .selectFrom('things')
        .select('text')
        .groupBy('text')
        .having((eb) => eb(eb.fn.countAll<number>(), '>', 0.5))
        .execute(),
    );
    expect(groups).toHaveLength(1);
  });
});
