import { type Database, id, isAshlarError, references, type Session, table } from 'ashlar';
import { sql } from 'ashlar/query';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { readCursor, writeCursor } from '../../src/query/cursor.js';
import type { Page, PagedQuery } from '../../src/query/page.js';

const groups = table('groups', { id: id(), title: z.string().nullable() });
const items = table(
  'items',
  {
    id: id(),
    group_id: z.uuid().nullable(),
    rank: z.int().nullable(),
    done: z.boolean().nullable(),
    at: z.iso.datetime({ precision: 6 }).nullable(),
    label: z.string(),
  },
  (c) => [references(c.group_id, groups.columns.id)],
);
const tables = { groups, items };

const row = fc.record({
  rank: fc.option(fc.integer({ min: 0, max: 2 })),
  done: fc.option(fc.boolean()),
  at: fc.option(fc.constantFrom('2026-01-01T00:00:00.000001Z', '2026-01-01T00:00:00.000002Z')),
  label: fc.constantFrom('', 'a', 'B', 'ä', '%'),
});
const direction = fc.constantFrom('asc' as const, 'desc' as const);
const columns = ['rank', 'done', 'at', 'label', 'title'] as const;
const order = fc.tuple(
  fc.uniqueArray(fc.constantFrom(...columns), { minLength: 0, maxLength: 3 }),
  fc.array(direction, { minLength: 4, maxLength: 4 }),
);

interface AnyQuery extends PagedQuery<Record<string, unknown>> {}

describe.each(engines)('pages on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables));
  });
  afterAll(() => remove());

  const joined = (s: Session<typeof tables>) =>
    s.query
      .selectFrom('items')
      .leftJoin('groups', 'groups.id', 'items.group_id')
      .select(['items.id', 'rank', 'done', 'at', 'label', 'groups.title'])
      .where('label', '<>', '%');

  it('make the whole ordered result, in order and once each', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { maxLength: 9 }),
        order,
        fc.integer({ min: 1, max: 4 }),
        async (rows, [by, directions], limit) => {
          await db.session(async (s) => {
            await s.query.deleteFrom('items').execute();
            await s.query.deleteFrom('groups').execute();
            const { id: group } = await s.insert(groups, { title: 'g' });
            await s.insertMany(
              items,
              rows.map((each, i) => ({ ...each, group_id: i % 2 ? group : null })),
            );
            const keys = [...by, 'id' as const].map((column, i) => ({
              column,
              direction: directions[i] ?? 'asc',
            }));
            let whole = joined(s);
            for (const { column, direction: way } of keys)
              whole = whole.orderBy(column === 'id' ? 'items.id' : column, way);
            const expected = await whole.execute();
            const found = [];
            let after: string | undefined;
            do {
              const page = await s.page(joined(s), { by: keys, after, limit });
              expect(page.rows.length).toBeLessThanOrEqual(limit);
              found.push(...page.rows);
              after = page.next;
            } while (after !== undefined);
            expect(found).toStrictEqual(expected);
          });
        },
      ),
      { numRuns: 25 },
    );
  });

  it('work for grouped rows and for one table', async () => {
    await db.session(async (s) => {
      await s.query.deleteFrom('items').execute();
      await s.insertMany(
        items,
        ['a', 'a', 'B', 'c'].map((label) => ({ label })),
      );
      const grouped = () =>
        s.query
          .selectFrom('items')
          .select(({ fn }) => ['label', fn.countAll<number>().as('n')])
          .groupBy('label');
      const by = [{ column: 'n', direction: 'desc' }, 'label'] as const;
      const first = await s.page(grouped(), { by, limit: 2 });
      const second = await s.page(grouped(), { by, limit: 2, after: first.next });
      expect([...first.rows, ...second.rows]).toEqual([
        { label: 'a', n: 2 },
        { label: 'B', n: 1 },
        { label: 'c', n: 1 },
      ]);
      expect(second.next).toBeUndefined();
      const built = db.kysely.selectFrom('items').select(['id', 'label']);
      expect((await s.page(built, { by: ['label', 'id'], limit: 1 })).rows[0]?.label).toBe('B');
    });
  });

  // each query selects its keys as k1, k2 and computed values as c1, c2; `whole` orders make each row unique
  type Shape = {
    name: string;
    whole: readonly string[];
    more: readonly string[];
    query: (s: Session<typeof tables>) => AnyQuery;
  };
  const shapes: readonly Shape[] = [
    {
      name: 'one table with computed columns',
      whole: ['k1'],
      more: ['k2', 'c1', 'c2', 'c3'],
      query: (s) =>
        s.query
          .selectFrom('items')
          .select((eb) => [
            'id as k1',
            'rank as k2',
            eb('label', '=', 'a').as('c1'),
            eb.not(eb('rank', 'is', null)).as('c2'),
            sql<boolean>`label like 'a%' or rank > 1`.as('c3'),
          ]),
    },
    {
      name: 'parents with their children',
      whole: ['k1', 'k2'],
      more: ['c1', 'c2'],
      query: (s) =>
        s.query
          .selectFrom('groups as g')
          .leftJoin('items as i', 'i.group_id', 'g.id')
          .select((eb) => ['g.id as k1', 'i.id as k2', 'g.title as c1', eb('i.rank', '+', 1).as('c2')]),
    },
    {
      name: 'children with their parent',
      whole: ['k1'],
      more: ['k2', 'c1', 'c2'],
      query: (s) =>
        s.query
          .selectFrom('items as i')
          .leftJoin('groups as g', 'g.id', 'i.group_id')
          .select(['i.id as k1', 'g.id as k2', 'g.title as c1', 'i.label as c2']),
    },
    {
      name: 'a table with itself',
      whole: ['k1', 'k2'],
      more: ['c1', 'c2'],
      query: (s) =>
        s.query
          .selectFrom('items as i')
          .innerJoin('items as j', (on) => on.onRef('j.group_id', '=', 'i.group_id'))
          .select((eb) => [
            'i.id as k1',
            'j.id as k2',
            'i.rank as c1',
            eb('i.label', '<', eb.ref('j.label')).as('c2'),
          ]),
    },
    {
      name: 'all pairs',
      whole: ['k1', 'k2'],
      more: ['c1', 'c2'],
      query: (s) =>
        s.query
          .selectFrom(['items', 'groups'])
          .select(['items.id as k1', 'groups.id as k2', 'title as c1', 'label as c2']),
    },
    {
      name: 'pairs that WHERE makes',
      whole: ['k1'],
      more: ['k2', 'c1', 'c2'],
      query: (s) =>
        s.query
          .selectFrom(['items', 'groups'])
          .whereRef('groups.id', '=', 'items.group_id')
          .select(['items.id as k1', 'groups.id as k2', 'title as c1', 'label as c2']),
    },
    {
      name: 'groups',
      whole: ['k1', 'k2'],
      more: ['c1', 'c2'],
      query: (s) =>
        s.query
          .selectFrom('items')
          .select((eb) => [
            'label as k1',
            'rank as k2',
            eb.fn.countAll<number>().as('c1'),
            eb.fn.max('done').as('c2'),
          ])
          .groupBy(['label', 'rank']),
    },
    {
      name: 'groups of an expression',
      whole: ['k1'],
      more: ['c1'],
      query: (s) =>
        s.query
          .selectFrom('items')
          .select((eb) => [sql<boolean>`rank is null`.as('k1'), eb.fn.countAll<number>().as('c1')])
          .groupBy(sql`rank is null`),
    },
  ];

  it.each(shapes)('of $name have every row once, or are refused', async ({ whole, more, query }) => {
    let [made, refused] = [0, 0];
    const ways: ('asc' | 'desc')[] = ['asc', 'desc', 'asc', 'desc', 'asc'];
    const some = { rank: 1, done: null, at: null, label: 'a' } as const;
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { maxLength: 7 }),
        fc.uniqueArray(fc.constantFrom(...whole, ...more), { minLength: 1, maxLength: 4 }),
        fc.array(direction, { minLength: 5, maxLength: 5 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 3 }),
        async (rows, some, directions, isWhole, limit) => {
          await db.session(async (s) => {
            await s.query.deleteFrom('items').execute();
            await s.query.deleteFrom('groups').execute();
            const ids: string[] = [];
            for (const title of ['g', 'g', null]) ids.push((await s.insert(groups, { title })).id);
            await s.insertMany(
              items,
              rows.map((each, i) => ({ ...each, group_id: ids[i % 4] ?? null })),
            );
            const expected = await query(s).execute();
            const order = isWhole ? [...new Set([...some, ...whole])] : some;
            const by = order.map((column, i) => ({ column, direction: directions[i] ?? 'asc' }));
            const found: unknown[] = [];
            try {
              for (let after: string | undefined, pages = 0; pages === 0 || after; pages++) {
                expect(pages).toBeLessThanOrEqual(expected.length);
                const page: Page<unknown> = await s.page(query(s), { by, after, limit });
                found.push(...page.rows);
                after = page.next;
              }
            } catch (error) {
              if (isWhole || !isAshlarError(error) || error.code !== 'usage') throw error;
              refused += 1;
              return;
            }
            made += 1;
            const texts = (list: readonly unknown[]) => list.map((each) => JSON.stringify(each)).sort();
            expect(texts(found)).toEqual(texts(expected));
          });
        },
      ),
      {
        numRuns: 40,
        // one order that is unique and one that is not, whatever the random ones are
        examples: [
          [[some, some], [...whole], ways, true, 1],
          [[some, some], more.slice(-1), ways, false, 1],
        ],
      },
    );
    expect(made).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
  });

  it('refuse an order that leaves rows equal, and a cursor of another order', async () => {
    const page = (
      options: object,
      query = (s: Parameters<typeof joined>[0]) =>
        s.query.selectFrom('items').select(['id', 'label', 'rank']) as never,
    ) => db.read((s) => s.page(query(s), { limit: 1, ...options } as never));
    const usage = { code: 'usage' };
    await expect(page({ by: ['label'] })).rejects.toMatchObject(usage);
    await expect(page({ by: [] })).rejects.toMatchObject(usage);
    await expect(page({ by: ['at', 'id'] })).rejects.toMatchObject(usage);
    for (const limit of [0, 1.5, 10_001, '5'])
      await expect(page({ by: ['id'], limit })).rejects.toMatchObject(usage);
    await expect(
      page({ by: ['id'] }, (s) => s.query.selectFrom('items').select('id').orderBy('id') as never),
    ).rejects.toMatchObject(usage);
    await db.session((s) => s.insertMany(items, [{ label: 'a' }, { label: 'b' }]));
    const { next } = await page({ by: ['label', 'id'] });
    await expect(page({ by: ['id'], after: next })).rejects.toMatchObject({ code: 'input-invalid' });
  });
});

describe('a cursor', () => {
  it('comes back as it was written', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string(),
            fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0)),
            fc.boolean(),
            fc.constant(null),
          ),
        ),
        fc.string(),
        (values, given) => {
          expect(
            readCursor(
              writeCursor(values, given),
              given,
              values.map(() => undefined),
            ),
          ).toEqual(values);
        },
      ),
    );
  });

  it.each([
    '',
    'x',
    'W10',
    '{}',
    Buffer.from('[1,"x",{}]').toString('base64url'),
    5,
    null,
    `${writeCursor([1], 'a')}=`,
    writeCursor(['x'], 'a'),
    writeCursor([1.5], 'a'),
    writeCursor([1, 2], 'a'),
  ])('%s is refused', (cursor) => {
    expect(() => readCursor(cursor as string, 'a', [items.columns.rank])).toThrow(
      expect.objectContaining({ code: 'input-invalid' }),
    );
  });
});
