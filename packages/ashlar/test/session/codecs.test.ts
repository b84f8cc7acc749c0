import { bytes, ciphertext, createdAt, type Database, generated, id, primaryKey, table } from 'ashlar';
import { encrypted } from 'ashlar/guarantees';
import { nested } from 'ashlar/query';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { columnKeys, dataKeys } from '../encryption/support.js';

enum Size {
  Small,
  Large,
}
enum Colour {
  Red = 'red',
  Blue = 'blue',
}

class Money {
  readonly cents: number;
  constructor(cents: number) {
    this.cents = cents;
  }
}
const money = z.codec(z.int().min(0), z.instanceof(Money), {
  decode: (cents) => new Money(cents),
  encode: ({ cents }) => cents,
});
const tags = z.codec(z.array(z.string()), z.set(z.string()), {
  decode: (list) => new Set(list),
  encode: (set) => [...set],
});

const seconds = z.codec(z.int(), z.date(), {
  decode: (value) => new Date(value * 1000),
  encode: (date) => Math.floor(date.getTime() / 1000),
});

let made = 0;
const visits = table('visits', {
  id: id(),
  at: z.date(),
  until: z.date().nullable(),
  since: z.date().default(new Date('2020-01-01T00:00:00.000Z')),
  price: money,
  lent: seconds.nullable(),
  labels: tags.nullable(),
  open: z.stringbool(),
  size: z.enum(Size),
  colour: z.enum(Colour).default(Colour.Red),
  note: z.string().nullish(),
  code: generated(z.string().length(9), () => `code-${String(++made).padStart(4, '0')}`),
  created_at: createdAt(),
});
const days = table('days', { day: z.date(), room: z.string(), visit: z.uuid().nullable() }, (c) => [
  primaryKey(c.day, c.room),
]);
const letters = table(
  'letters',
  {
    sent: z.date(),
    whom: z.string(),
    read: ciphertext(z.date()).nullable(),
    read_index: bytes().nullable(),
    price: ciphertext(money),
    body: ciphertext(z.string().nullish()),
  },
  (c) => [
    primaryKey(c.sent),
    encrypted({
      scope: c.whom,
      keys: dataKeys,
      blindIndex: { of: c.read, into: c.read_index, fold: (text) => text },
    }),
  ],
);
const tables = { visits, days, letters, dataKeys };

const at = new Date('2026-01-31T08:00:00.123Z');
const visit = { at, price: new Money(250), open: true, size: Size.Large } as const;

describe.each(engines)('columns with a codec, on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables, { columnKeys: columnKeys() }));
  });
  afterAll(() => remove());

  const expected = {
    at,
    until: null,
    since: new Date('2020-01-01T00:00:00.000Z'),
    price: new Money(250),
    lent: null,
    labels: null,
    open: true,
    size: Size.Large,
    colour: Colour.Red,
    note: null,
  };

  it('are written and read in the application’s form', async () => {
    const row = await db.session((s) => s.insert(visits, visit));
    expectTypeOf(row.at).toEqualTypeOf<Date>();
    expect(row).toMatchObject({ ...expected, code: expect.stringMatching(/^code-\d{4}$/) });
    expect(await db.get(visits, row.id)).toStrictEqual(row);
    const labels = new Set(['a', 'b']);
    const updated = await db.session((s) => s.update(visits, row.id, { until: at, labels, open: false }));
    expect(updated).toStrictEqual({ ...row, until: at, labels, open: false });
    const streamed: unknown[] = [];
    await db.read(async (s) => {
      expect(await s.get(visits, row.id)).toStrictEqual(updated);
      const query = s.query.selectFrom('visits').selectAll().where('id', '=', row.id);
      expect(await query.execute()).toStrictEqual([updated]);
      for await (const each of query.stream()) streamed.push(each);
      const joined = await s.query
        .selectFrom('visits')
        .leftJoin('days', 'days.visit', 'visits.id')
        .select(['days.day', 'visits.until as end'])
        .where('visits.id', '=', row.id)
        .execute();
      expect(joined).toEqual([{ day: null, end: at }]);
      const raw = await sql<{
        at: Date;
        text: string;
      }>`select at, price from visits where id = ${row.id}`.execute(s.query);
      expect(raw.rows).toEqual([{ at, price: new Money(250) }]);
    });
    expect(streamed).toStrictEqual([updated]);
  });

  it('are written in batches', async () => {
    const ids = await db.session(async (s) => {
      expect(await s.insertMany(visits, [visit, { ...visit, labels: new Set(['x']) }])).toBe(2);
      return s.query.selectFrom('visits').select(['labels', 'code']).orderBy('created_at').execute();
    });
    expect(new Set(ids.map(({ code }) => code)).size).toBe(ids.length);
  });

  it('can be a part of the key', async () => {
    const key = { day: at, room: 'a' };
    const row = await db.session((s) => s.insert(days, key));
    expect(row).toStrictEqual({ ...key, visit: null });
    expect(await db.get(days, key)).toStrictEqual(row);
    expect(await db.get(days, { day: new Date(0), room: 'a' })).toBeUndefined();
    await db.session((s) => s.delete(days, key));
    expect(await db.get(days, key)).toBeUndefined();
  });

  it('can be encrypted, and bind ciphertexts as a key', async () => {
    const letter = { sent: at, whom: 'ann', read: at, price: new Money(3), body: null };
    const row = await db.session((s) => s.insert(letters, letter));
    expect(row).toMatchObject(letter);
    expect(await db.get(letters, at)).toStrictEqual(row);
    const later = new Date(0);
    expect(await db.session((s) => s.update(letters, at, { read: later }))).toMatchObject({ read: later });
    await db.read(async (s) => {
      const found = await s.query
        .selectFrom('letters')
        .selectAll()
        .where('read_index', 'in', await s.blindIndex(letters, 'read', 'ann', later))
        .execute();
      const [opened] = await s.decrypt(letters, found);
      expect(opened).toMatchObject({ sent: at, read: later, price: new Money(3) });
    });
  });

  it('are written and compared by the query builder, also in computed columns, nested rows and pages', async () => {
    const other = new Date('2026-03-01T00:00:00.000Z');
    await db.session(async (s) => {
      const base = { price: new Money(77), open: true, size: Size.Small };
      await s.query
        .insertInto('visits')
        .values([
          { ...base, at },
          { ...base, at: other, until: at },
        ])
        .execute();
      const mine = s.query.selectFrom('visits').where('price', '=', new Money(77));
      expect(await mine.select(['at', 'code']).where('at', '>', at).execute()).toEqual([
        { at: other, code: expect.stringMatching(/^code-\d{4}$/) },
      ]);
      expect(
        await mine
          .select('at')
          .where('at', 'in', [at, new Date(0)])
          .execute(),
      ).toEqual([{ at }]);
      expect(await mine.select('at').where('at', '=', new Date(8.64e15)).execute()).toEqual([]);
      const computed = await mine
        .select(({ fn }) => [fn.max('at').as('last'), fn.coalesce(fn.max('until'), fn.min('at')).as('some')])
        .executeTakeFirstOrThrow();
      expect(computed).toEqual({ last: other, some: at });
      // integers of two codecs: neither of them decodes the other's values
      const mixed = await mine
        .select(({ fn }) => fn.coalesce('lent', 'price').as('either'))
        .union(mine.select('lent as either') as never)
        .execute();
      expect(mixed.map(({ either }) => either)).toEqual(expect.arrayContaining([77, null]));
      const within = await s.query
        .with('late', (q) => q.selectFrom('visits').select(['at', 'price']).where('at', '>', at))
        .selectFrom('late')
        .selectAll()
        .where('price', '=', new Money(77))
        .execute();
      expect(within).toEqual([{ at: other, price: new Money(77) }]);
      const nestedRows = await s.query
        .selectNoFrom(() => [nested(mine.select(['at', 'until', 'price']).orderBy('at')).as('visits')])
        .executeTakeFirstOrThrow();
      expect(nestedRows.visits).toEqual([
        { at, until: null, price: new Money(77) },
        { at: other, until: at, price: new Money(77) },
      ]);
      const page = (after?: string) =>
        s.page(mine.select(['at', 'id']), { by: ['at', 'id'], limit: 1, ...(after ? { after } : {}) });
      const first = await page();
      const second = await page(first.next);
      expect([...first.rows, ...second.rows].map((row) => row.at)).toEqual([at, other]);
      const updated = await s.query
        .updateTable('visits')
        .set({ until: other })
        .where('at', '=', other)
        .where('price', '=', new Money(77))
        .returning(['until', 'price'])
        .execute();
      expect(updated).toEqual([{ until: other, price: new Money(77) }]);
      await expect(
        s.session((inner) =>
          inner.query
            .updateTable('visits')
            .set({ price: new Money(-1) })
            .execute(),
        ),
      ).rejects.toMatchObject({ code: 'value-invalid' });
    });
  });

  it('are written by updateMany, upsert and insertMany, whose rows are returned', async () => {
    await db.session(async (s) => {
      const [row] = await s.insertMany(visits, [{ ...visit, price: new Money(88) }], { returning: true });
      expect(row).toMatchObject({ at, price: new Money(88), open: true });
      expect(await s.updateMany(visits, { price: new Money(88), at }, { until: at })).toBe(1);
      expect(await s.upsert(days, { day: at, room: 'u', visit: null }, { by: ['day', 'room'] })).toEqual({
        day: at,
        room: 'u',
        visit: null,
      });
      const visited = row?.id ?? '';
      expect(await s.upsert(days, { day: at, room: 'u', visit: visited }, { by: ['day', 'room'] })).toEqual({
        day: at,
        room: 'u',
        visit: visited,
      });
      expect(await s.deleteMany(days, { day: at })).toBe(1);
    });
  });

  it.each<[string, object]>([
    ['an invalid date', { at: new Date(Number.NaN) }],
    ['a date after the year 9999', { at: new Date(8.64e15) }],
    ['the year 0', { at: new Date('0000-01-01T00:00:00.000Z') }],
    ['the stored form', { at: at.toISOString() }],
    ['a value that the stored side refuses', { price: new Money(-1) }],
    ['a value that cannot be stored', { labels: new Set(['a\0']) }],
    ['an object of another class', { price: { cents: 1 } }],
    ['a value that an enum lacks', { size: 7 }],
    ['the name of a number in an enum', { size: 'Small' }],
  ])('refuse %s', async (_, change) => {
    await expect(db.session((s) => s.insert(visits, { ...visit, ...change }))).rejects.toMatchObject({
      code: expect.stringMatching(/^value-(invalid|unstorable)$/),
    });
  });
});
