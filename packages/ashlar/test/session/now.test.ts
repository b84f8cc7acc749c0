import { ciphertext, type Insert, id, now, type Row, system, type Table, table, timestamp } from 'ashlar';
import { appendOnly, encrypted, keyring, retained } from 'ashlar/guarantees';
import { sql } from 'ashlar/query';
import { testDatabase } from 'ashlar/testing';
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { engines, sqlOf, type TestEngine } from '../../../../test/support/engines.js';
import { runWalk, type Walk, writeWalk } from '../migrations/walk.js';

const letters = table('letters', {
  id: id(),
  sent_at: now(),
  precise: now(z.iso.datetime({ precision: 6 })),
  day: now(z.iso.date()),
  at: now(z.date()),
  maybe: now().nullable(),
});
const kept = table('kept', { id: id(), at: now() }, (c) => [
  appendOnly(),
  retained(c.at, { for: { years: 1 }, reason: 'law' }),
]);

const ids = [1, 2, 3, 4, 5].map((n) => `018f0000-0000-7000-8000-00000000000${n}`);
const [one = '', two = '', three = '', four = '', five = ''] = ids;
const given = {
  sent_at: '2001-02-03T04:05:06.789Z',
  precise: '2001-02-03T04:05:06.789012Z',
  day: '2001-02-03',
  at: new Date('2001-02-03T04:05:06.789Z'),
  maybe: null,
};

const open = async (engine: TestEngine, clock?: string) => {
  const place = await engine.place();
  const shop = system('shop', { tables: { letters, kept }, migrations: new URL('file:///none/') });
  const url = engine.name === 'postgres' ? place.url : engine.name;
  const db = await testDatabase(shop, { url, clock });
  return { db, close: () => db.close().finally(() => place.remove()) };
};

const isNow = (row: Row<typeof letters> | undefined): void => {
  if (!row) throw new TypeError('no row');
  const times = [row.sent_at, row.precise, row.maybe, row.at.toISOString()].map((text) =>
    Date.parse(`${text}`),
  );
  for (const time of times) expect(Math.abs(time - Date.now())).toBeLessThan(60_000);
  expect(
    [-1, 0, 1].map((minutes) => new Date(Date.now() + minutes * 60_000).toISOString().slice(0, 10)),
  ).toContain(row.day);
};

describe.each(engines)('a column of now() on $name', (engine) => {
  test('has the current time where an insert omits it, and any other that an insert or an update gives', async () => {
    const { db, close } = await open(engine);
    try {
      await db.session({}, async (s) => {
        isNow(await s.insert(letters, { id: one }));
        expect(await s.insert(letters, { id: two, ...given })).toEqual({ id: two, ...given });
        await s.insertMany(letters, [{ id: three }, { id: four, ...given }]);
        isNow(await s.get(letters, three));
        expect(await s.get(letters, four)).toEqual({ id: four, ...given });
        isNow(await s.upsert(letters, { id: five }, { by: 'id' }));
        expect(await s.update(letters, five, given)).toEqual({ id: five, ...given });
        await s.query.deleteFrom('letters').execute();
        await s.query
          .insertInto('letters')
          .values([{ id: one }, { id: two, ...given }])
          .execute();
        await sql`INSERT INTO letters (id) VALUES (${three})`.execute(s.query);
        isNow(await s.get(letters, one));
        expect(await s.get(letters, two)).toEqual({ id: two, ...given });
        isNow(await s.get(letters, three));
      });
      // no guarantee relies on its time
      await db.session({}, (s) => s.insert(kept, { id: one, at: given.sent_at }));
      expect(await db.get(kept, one)).toEqual({ id: one, at: given.sent_at });
    } finally {
      await close();
    }
  });

  test('has the time of a clock that is given', async () => {
    const { db, close } = await open(engine, given.sent_at);
    const stamped = { ...given, precise: '2001-02-03T04:05:06.789000Z', maybe: given.sent_at };
    try {
      await db.session({}, async (s) => {
        expect(await s.insert(letters, { id: one })).toEqual({ id: one, ...stamped });
        await s.insertMany(letters, [{ id: two }]);
        await s.query.insertInto('letters').values({ id: three }).execute();
        for (const key of [two, three]) expect(await s.get(letters, key)).toEqual({ id: key, ...stamped });
      });
    } finally {
      await close();
    }
  });
});

describe.each(engines.filter((engine) => sqlOf(engine) === 'postgres'))('the date on $name', (engine) => {
  test('is that of UTC, in every time zone of a session', async () => {
    const { db, close } = await open(engine);
    try {
      // one of the two has another day at every time
      for (const zone of ['Pacific/Kiritimati', 'Etc/GMT+12']) {
        const [row] = await db.owner.asOwner((owner) =>
          owner.atomically(async () => {
            await owner.run(`SET LOCAL TimeZone = '${zone}'`);
            return owner.run(
              `INSERT INTO letters (id) VALUES (gen_random_uuid()) RETURNING day::text AS day, (now() AT TIME ZONE 'UTC')::date::text AS utc`,
            );
          }),
        );
        expect(row?.day).toBe(row?.utc);
      }
    } finally {
      await close();
    }
  });
});

describe('generated steps', () => {
  const before = table('letters', {
    id: id(),
    at: timestamp().nullable(),
    day: z.iso.date().default('2001-02-03'),
  });
  const after = table('letters', { id: id(), at: now(), day: now(z.iso.date()), sent: now() });
  let walk: Walk;
  beforeAll(async () => {
    walk = await writeWalk({ letters: before }, { letters: after });
  });
  afterAll(() => walk.remove());

  test.each(engines)('make now() of other defaults, and back, on $name', async (engine) => {
    await runWalk(engine, walk, async (db, step, way) => {
      if (step === 0 && way === 'up')
        await db.session({}, (s) => s.insert(before, { id: one, at: given.sent_at }));
      const key = way === 'up' ? two : three;
      if (step === 1) {
        expect(await db.get(after, one)).toMatchObject({ at: given.sent_at, day: given.day });
        const made = await db.session({}, (s) => s.insert(after, { id: key }));
        expect(Math.abs(Date.parse(made.at) - Date.now())).toBeLessThan(60_000);
      } else if (way === 'down') {
        expect(await db.session({}, (s) => s.insert(before, { id: key }))).toMatchObject({
          at: null,
          day: given.day,
        });
      }
    });
  });
});

test('now() is the default of a time or a date', () => {
  for (const type of [z.string(), z.int(), z.iso.time()])
    expect(() => table('letters', { id: id(), at: now(type) })).toThrowError(
      expect.objectContaining({ code: 'column-type-unsupported' }),
    );
  const keys = keyring('keys');
  expect(() =>
    table('letters', { id: id(), client: z.uuid(), at: ciphertext(now()) }, (c) => [
      encrypted({ scope: c.client, keys }) as never,
    ]),
  ).toThrowError(expect.objectContaining({ code: 'column-type-unsupported' }));
  expectTypeOf<Insert<typeof letters>>().toEqualTypeOf<{
    id?: string | undefined;
    sent_at?: string | undefined;
    precise?: string | undefined;
    day?: string | undefined;
    at?: Date | undefined;
    maybe?: string | null | undefined;
  }>();
  expectTypeOf<Row<typeof letters>['at']>().toEqualTypeOf<Date>();
  expectTypeOf<Table>().not.toBeAny();
});
