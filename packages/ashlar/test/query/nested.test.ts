import { bigint, bytes, type Database, decimal, id, inet, json, references, table } from 'ashlar';
import { nested, nestedOne } from 'ashlar/query';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';

const parents = table('parents', { id: id(), name: z.string() });
const children = table(
  'children',
  {
    id: id(),
    parent_id: z.uuid(),
    position: z.int(),
    text: z.string().nullable(),
    big: bigint().nullable(),
    money: decimal(18, 2).nullable(),
    real: z.number().nullable(),
    flag: z.boolean().nullable(),
    at: z.iso.datetime({ precision: 3 }).nullable(),
    precise: z.iso.datetime({ precision: 6 }).nullable(),
    day: z.iso.date().nullable(),
    address: inet().nullable(),
    meta: json(z.json()).nullable(),
    list: z.array(z.string()).default([]),
    blob: bytes().nullable(),
  },
  (c) => [references(c.parent_id, parents.columns.id)],
);
const toys = table(
  'toys',
  { id: id(), child_id: z.uuid(), label: z.string(), color: bytes().nullable() },
  (c) => [references(c.child_id, children.columns.id)],
);
const tables = { parents, children, toys };

const difficult = [
  {
    text: 'a"\\\u2028😀',
    big: 2n ** 53n + 1n,
    money: '-0.01',
    real: 5e-324,
    flag: true,
    at: '2026-01-01T00:00:00.100Z',
    precise: '2026-01-01T00:00:00.100000Z',
    day: '0001-01-01',
    address: '::102:304',
    meta: { b: [null, 1.5, 'x'], a: {} },
    list: ['5', 'null'],
    blob: new Uint8Array([0, 255]),
  },
  {
    text: '',
    big: -(2n ** 63n),
    money: '9999999999999999.99',
    real: 1.7976931348623157e308,
    flag: false,
    at: '9999-12-31T23:59:59.999Z',
    precise: '0001-01-01T00:00:00.000001Z',
    day: '9999-12-31',
    address: '10.0.0.1',
    meta: '5',
    list: [],
    blob: new Uint8Array(),
  },
  {
    text: '[]',
    big: null,
    money: null,
    real: 0.1,
    flag: null,
    at: null,
    precise: null,
    day: null,
    address: null,
    meta: null,
    list: [],
    blob: null,
  },
];

describe.each(engines)('nested rows on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables));
    await db.session(async (s) => {
      const one = await s.insert(parents, { name: 'one' });
      await s.insert(parents, { name: 'two' });
      for (const [position, given] of difficult.entries()) {
        const child = await s.insert(children, { ...given, parent_id: one.id, position });
        if (position === 0)
          for (const label of ['b', 'a'])
            await s.insert(toys, { child_id: child.id, label, color: new Uint8Array([1]) });
      }
    });
  });
  afterAll(() => remove());

  it('have every kind of value as a query of their table returns it', async () => {
    await db.read(async (s) => {
      const found = await s.query
        .selectFrom('parents')
        .select((eb) => [
          'name',
          nested(
            eb
              .selectFrom('children')
              .selectAll('children')
              .whereRef('parent_id', '=', 'parents.id')
              .orderBy('position', 'desc'),
          ).as('children'),
        ])
        .orderBy('name')
        .execute();
      const alone = await s.query.selectFrom('children').selectAll().orderBy('position', 'desc').execute();
      expect(found).toStrictEqual([
        { name: 'one', children: alone },
        { name: 'two', children: [] },
      ]);
      expectTypeOf(found).toEqualTypeOf<{ name: string; children: typeof alone }[]>();
    });
  });

  it('nest two levels deep, keep the order, and compute', async () => {
    const found = await db.read((s) =>
      s.query
        .selectFrom('parents')
        .select((eb) => [
          nested(
            eb
              .selectFrom('children')
              .select((of) => [
                'position',
                of('position', '>', 0).as('later'),
                nested(
                  of
                    .selectFrom('toys')
                    .select(['label', 'color'])
                    .whereRef('child_id', '=', 'children.id')
                    .orderBy('label'),
                ).as('toys'),
                nestedOne(
                  of
                    .selectFrom('toys')
                    .select('label')
                    .whereRef('child_id', '=', 'children.id')
                    .orderBy('label', 'desc'),
                ).as('last'),
              ])
              .whereRef('parent_id', '=', 'parents.id')
              .where('flag', 'is not', null)
              .orderBy('position'),
          ).as('children'),
        ])
        .where('name', '=', 'one')
        .executeTakeFirstOrThrow(),
    );
    expect(found).toStrictEqual({
      children: [
        {
          position: 0,
          later: false,
          toys: [
            { label: 'a', color: new Uint8Array([1]) },
            { label: 'b', color: new Uint8Array([1]) },
          ],
          last: { label: 'b' },
        },
        { position: 1, later: true, toys: [], last: null },
      ],
    });
    expectTypeOf(found.children[0]?.last).toEqualTypeOf<{ label: string } | null | undefined>();
  });

  it('are the one row of nestedOne, or null', async () => {
    const found = await db.read((s) =>
      s.query
        .selectFrom('children')
        .select((eb) => [
          nestedOne(
            eb.selectFrom('parents').select(['id', 'name']).whereRef('parents.id', '=', 'parent_id'),
          ).as('parent'),
          nestedOne(eb.selectFrom('parents').select('name').where('id', '=', 'nope')).as('nobody'),
        ])
        .limit(1)
        .execute(),
    );
    expect(found).toStrictEqual([{ parent: { id: expect.any(String), name: 'one' }, nobody: null }]);
  });

  it('work in a builder that is embedded, in a CTE, in a stream and in a page', async () => {
    await db.read(async (s) => {
      const withToys = s.query
        .selectFrom('children')
        .select((eb) => [
          'children.id',
          'position',
          nested(eb.selectFrom('toys').select('color').whereRef('child_id', '=', 'children.id')).as('toys'),
        ]);
      const expected = {
        position: 0,
        toys: [{ color: new Uint8Array([1]) }, { color: new Uint8Array([1]) }],
      };
      const embedded = await s.query
        .selectFrom(withToys.as('c'))
        .select(['position', 'toys'])
        .where('position', '=', 0)
        .execute();
      expect(embedded).toStrictEqual([expected]);
      const [cte] = await s.query
        .with('c', () => withToys)
        .selectFrom('c')
        .select(['position', 'toys'])
        .orderBy('position')
        .execute();
      expect(cte).toStrictEqual(expected);
      for await (const row of withToys.where('position', '=', 0).stream())
        expect(row).toMatchObject(expected);
      const { rows } = await s.page(withToys, { by: ['position', 'id'], limit: 1 });
      expect(rows).toMatchObject([expected]);
    });
  });

  it('are refused when their columns have no name, or the same', async () => {
    const usage = { code: 'usage' };
    await expect(
      db.read((s) =>
        s.query
          .selectFrom('parents')
          .select((eb) =>
            nested(
              eb
                .selectFrom('parents as p')
                .innerJoin('children', 'p.id', 'parent_id')
                .select(['p.id', 'children.id']),
            ).as('x'),
          )
          .execute(),
      ),
    ).rejects.toMatchObject(usage);
    await expect(
      db.read((s) =>
        s.query
          .selectFrom('parents')
          .select((eb) => nested(eb.selectFrom('unknown' as 'parents').selectAll()).as('x'))
          .execute(),
      ),
    ).rejects.toMatchObject(usage);
  });
});
