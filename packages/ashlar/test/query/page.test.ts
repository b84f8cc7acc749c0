import { type Database, id, references, type Session, table } from 'ashlar';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { readCursor, writeCursor } from '../../src/query/cursor.js';

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
