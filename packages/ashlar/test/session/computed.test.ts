import {
  autoincrement,
  check,
  column,
  computed,
  type Database,
  decimal,
  type Insert,
  id,
  index,
  json,
  primaryKey,
  type Row,
  references,
  type Session,
  table,
  type Update,
  unique,
} from 'ashlar';
import { appendOnly, audited, auditTrail, ledgered, scoped, versioned } from 'ashlar/guarantees';
import { nested, sql } from 'ashlar/query';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { ledgerNames } from '../../src/guarantees/ledgered/names.js';

const changes = auditTrail('changes');
const lines = table(
  'lines',
  {
    id: id(),
    name: z.string().max(20).nullable(),
    cents: z.int(),
    pieces: z.int().default(1),
    meta: json(z.record(z.string(), z.json())).default({}),
    price: decimal(8, 2).default('0.00'),
    total: computed(z.int().max(1000), 'cents * pieces'),
    lower: computed(z.string().nullable(), 'lower(name)'),
    isBig: column(computed(z.boolean(), 'cents > 100'), { name: 'Is Big' }),
    code: computed(z.string().nullable(), { sqlite: "meta ->> '$.code'", postgres: "meta ->> 'code'" }),
    twice: computed(decimal(9, 2), { sqlite: '2 * price', postgres: 'price * 2' }),
  },
  (c) => [index(c.total, c.lower), check('lines_total', 'total >= 0'), audited({ into: changes })],
);
const ledger = table(
  'ledger',
  { id: autoincrement(), of: z.uuid(), text: z.string(), length: computed(z.int(), 'length(text)') },
  (c) => [appendOnly(), ledgered(), references(c.of, lines.columns.id)],
);
const versions = table(
  'versions',
  {
    id: id(),
    client: z.uuid(),
    code: z.string(),
    version: z.int32().min(1).default(1),
    is_current: z.boolean().default(true),
    previous_id: z.uuid().nullable(),
    upper: computed(z.string(), 'upper(code)'),
  },
  (c) => [
    references(c.previous_id, c.id),
    scoped(c.client),
    versioned({ key: c.code, version: c.version, current: c.is_current, previous: c.previous_id }),
  ],
);
const tables = { changes, lines, ledger, versions };

describe('a declaration of a computed column', () => {
  it('has types: rows have it, inserts and updates do not', () => {
    expectTypeOf<Row<typeof lines>['total']>().toEqualTypeOf<number>();
    expectTypeOf<Row<typeof lines>['lower']>().toEqualTypeOf<string | null>();
    expectTypeOf<Insert<typeof lines>>().not.toHaveProperty('total');
    expectTypeOf<Update<typeof lines>>().not.toHaveProperty('total');
    expectTypeOf<Insert<typeof lines>>().not.toHaveProperty('isBig');
    expect(Object.keys(lines.row.shape)).toContain('total');
    expect(Object.keys(lines.insert.shape)).not.toContain('total');
    expect(Object.keys(lines.update.shape)).not.toContain('isBig');
  });

  const text = computed(z.string(), "name || 'x'");
  it.each<[string, () => unknown]>([
    ['a primary key', () => table('things', { name: text }, (c) => [primaryKey(c.name)])],
    ['a unique key', () => table('things', { id: id(), name: z.string(), text }, (c) => [unique(c.text)])],
    [
      'a unique index',
      () => table('things', { id: id(), name: z.string(), text }, (c) => [index(c.text, { unique: true })]),
    ],
    [
      'a unique index over an expression of it',
      () =>
        table('things', { id: id(), name: z.string(), text }, () => [
          index('lower(text)', { name: 'things_lower', unique: true }),
        ]),
    ],
    [
      'a foreign key',
      () =>
        table('things', { id: id(), name: z.string(), of: computed(z.uuid(), 'id') }, (c) => [
          references(c.of, lines.columns.id),
        ]),
    ],
    ['a guarantee', () => table('things', { id: id(), name: z.string(), text }, (c) => [scoped(c.text)])],
    [
      'another computed column',
      () => table('things', { id: id(), name: z.string(), text, more: computed(z.string(), 'lower(text)') }),
    ],
    [
      'one text that names a decimal',
      () => table('things', { id: id(), price: decimal(4, 2), more: computed(z.boolean(), 'price > 1') }),
    ],
    ['a default', () => table('things', { id: id(), text: text.default('x') })],
  ])('is refused in %s', (_, declare) => {
    expect(declare).toThrow(expect.objectContaining({ name: 'AshlarError' }));
  });
});

describe.each(engines)('computed columns on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  const ada = '00000000-0000-7000-8000-00000000000a';
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables, { context: { actor: 'me' } }));
    await db.insertMany(lines, [
      { id: ada, name: 'Ada', cents: 5, pieces: 3, meta: { code: 'é"x' }, price: '1.25' },
      { name: null, cents: 200 },
    ]);
  });
  afterAll(() => remove());

  it('have the same values on every path', async () => {
    const row = {
      id: ada,
      name: 'Ada',
      cents: 5,
      pieces: 3,
      meta: { code: 'é"x' },
      price: '1.25',
      total: 15,
      lower: 'ada',
      isBig: false,
      code: 'é"x',
      twice: '2.50',
    };
    expect(await db.get(lines, ada)).toEqual(row);
    await db.session(async (s) => {
      expect(await s.insert(lines, { name: 'Bob', cents: 101 })).toMatchObject({
        total: 101,
        lower: 'bob',
        isBig: true,
        code: null,
        twice: '0.00',
      });
      expect(await s.update(lines, ada, { pieces: 4, price: '-0.10' })).toMatchObject({
        total: 20,
        twice: '-0.20',
      });
      expect(await s.upsert(lines, { ...written(row), pieces: 3 }, { by: 'id' })).toMatchObject({
        total: 15,
        twice: '2.50',
      });
      const [one] = await s.insertMany(lines, [{ name: 'Cy', cents: 1 }], { returning: true });
      expect(one).toMatchObject({ total: 1, lower: 'cy' });
      expect(await s.updateMany(lines, { lower: 'cy', isBig: false }, { cents: 300 })).toBe(1);
      expect(await s.deleteMany(lines, (eb) => eb('total', 'in', [101, 300]))).toBe(2);
    });
  });

  it('are selected, compared, ordered, grouped and paged', async () => {
    await db.read(async (s) => {
      const query = s.query.selectFrom('lines').select(['id', 'total', 'isBig', 'twice', 'lower']);
      expect(await query.where('isBig', '=', true).where('total', '>', 150).execute()).toMatchObject([
        { total: 200, isBig: true, twice: '0.00', lower: null },
      ]);
      expect((await query.orderBy('total', 'desc').execute()).map(({ total }) => total)).toEqual([200, 15]);
      const first = await s.page(query, { by: ['lower', 'id'], limit: 1 });
      expect(first.rows).toMatchObject([{ lower: 'ada' }]);
      const next = await s.page(query, { by: ['lower', 'id'], limit: 1, after: first.next });
      expect(next.rows).toMatchObject([{ lower: null }]);
      expect(
        await s.query
          .selectFrom('lines')
          .groupBy('isBig')
          .select((eb) => ['isBig', eb.fn.sum('total').as('sum')])
          .orderBy('isBig')
          .execute(),
      ).toEqual([
        { isBig: false, sum: 15 },
        { isBig: true, sum: 200 },
      ]);
      expect(
        await s.query
          .selectFrom('changes')
          .select((eb) =>
            nested(eb.selectFrom('lines').select(['isBig', 'twice']).where('id', '=', ada)).as('lines'),
          )
          .limit(1)
          .execute(),
      ).toEqual([{ lines: [{ isBig: false, twice: '2.50' }] }]);
    });
  });

  it('are written by nothing but the database', async () => {
    const refused = (work: () => Promise<unknown>) =>
      work().then(
        () => 'done',
        ({ code, facts }) => ({ code, facts }),
      );
    const invalid = { code: 'value-invalid', facts: expect.objectContaining({ table: 'lines' }) };
    expect(await refused(() => db.insert(lines, { cents: 1, total: 5 } as never))).toEqual(invalid);
    expect(await refused(() => db.update(lines, ada, { total: 5 } as never))).toEqual(invalid);
    const kept = {
      code: 'guarantee-violated',
      facts: { table: 'lines', columns: ['isBig'], guarantee: 'computed' },
    };
    const inSession = (work: (s: Session<typeof tables>) => Promise<unknown>) =>
      refused(() => db.session(work));
    expect(
      await inSession((s) =>
        s.query
          .insertInto('lines' as never)
          .values({ cents: 1, isBig: true } as never)
          .execute(),
      ),
    ).toEqual(kept);
    expect(
      await inSession((s) =>
        s.query
          .updateTable('lines' as never)
          .set({ isBig: true } as never)
          .execute(),
      ),
    ).toEqual(kept);
    expect(
      await inSession((s) =>
        sql`INSERT INTO lines (id, cents, "Is Big") VALUES (${ada}, 1, true)`.execute(s.query),
      ),
    ).toEqual(kept);
    expect(await inSession((s) => sql`UPDATE lines SET "Is Big" = false`.execute(s.query))).toEqual(kept);
  });

  it('have the CHECK of their type', async () => {
    await expect(db.insert(lines, { cents: 1001 })).rejects.toMatchObject({
      code: 'check-violation',
      facts: { table: 'lines', columns: ['total'], constraint: 'lines_total_check' },
    });
    await expect(db.insert(lines, { cents: -1 })).rejects.toMatchObject({
      code: 'check-violation',
      facts: { columns: ['total'], constraint: 'lines_total' },
    });
  });

  it('are in trails, and not in ledger entries; versions go on', async () => {
    await db.insert(ledger, { of: ada, text: 'four' });
    await db.engine.seal();
    const [line] = await db.read((s) =>
      s.query
        .selectFrom('changes')
        .select('after')
        .where('operation', '=', 'insert')
        .orderBy('id')
        .limit(1)
        .execute(),
    );
    expect(line?.after).toMatchObject({
      total: 15,
      lower: 'ada',
      'Is Big': false,
      code: 'é"x',
      twice: '2.50',
    });
    const entries = await db.engine.asOwner((owner) =>
      owner.run(`SELECT entry FROM ${ledgerNames(ledger).entries}`),
    );
    const text = String(
      entries[0]?.entry instanceof Uint8Array ? Buffer.from(entries[0].entry) : entries[0]?.entry,
    );
    expect(text).not.toContain('length');
    const scope = { actor: 'me', scope: ada };
    await db.session(scope, async (s) => {
      const first = await s.insert(versions, { client: ada, code: 'a' });
      expect(first.upper).toBe('A');
      const second = await s.insert(versions, { client: ada, code: 'a', version: 2, previous_id: first.id });
      expect(second).toMatchObject({ upper: 'A', is_current: true });
      expect(await s.get(versions, first.id)).toMatchObject({ is_current: false, upper: 'A' });
    });
  });
});

const written = ({ total: _t, lower: _l, isBig: _b, code: _c, twice: _w, ...row }: Row<typeof lines>) => row;
