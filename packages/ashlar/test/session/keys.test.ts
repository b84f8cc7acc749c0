import { autoincrement, type Database, id, inet, primaryKey, table, timestamp } from 'ashlar';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';

const keyed = <Name extends string, T extends z.ZodType>(name: Name, type: T) =>
  table(name, { key: type, note: z.string().nullable() }, (c) => [primaryKey(c.key)]);

/** Types that convert what they are given: a value, and how it is stored. */
const converting = {
  lower: [z.string().toLowerCase(), 'ABC', 'abc'],
  trimmed: [z.string().trim().max(3), ' abc ', 'abc'],
  both: [z.string().trim().toUpperCase(), ' abc', 'ABC'],
  normal: [z.string().normalize(), 'e\u0301', '\u00e9'],
  uuid: [
    z.uuid().toLowerCase(),
    '0190A0B0-0000-7000-8000-00000000000A',
    '0190a0b0-0000-7000-8000-00000000000a',
  ],
  absolute: [z.int().overwrite(Math.abs), -5, 5],
  readonly: [z.string().toLowerCase().readonly(), 'ABC', 'abc'],
} as const;
const convertingTable = <Name extends keyof typeof converting>(name: Name) =>
  table(`${name}_keys`, { key: converting[name][0] as z.ZodType, note: z.string().nullable() }, (c) => [
    primaryKey(c.key),
  ]);

const tables = {
  uuids: table('uuids', { id: id(), note: z.string().nullable() }),
  counted: table('counted', { id: autoincrement(), note: z.string().nullable() }),
  texts: keyed('texts', z.string().regex(/^[a-z]*$/)),
  choices: keyed('choices', z.enum(['a', 'b'])),
  small: keyed('small', z.int32()),
  reals: keyed('reals', z.number()),
  flags: keyed('flags', z.boolean()),
  times: keyed('times', timestamp()),
  dates: keyed('dates', z.iso.date()),
  instants: keyed('instants', z.date()),
  addresses: keyed('addresses', inet()),
  lower: convertingTable('lower'),
  trimmed: convertingTable('trimmed'),
  both: convertingTable('both'),
  normal: convertingTable('normal'),
  uuid: convertingTable('uuid'),
  absolute: convertingTable('absolute'),
  readonly: convertingTable('readonly'),
  pairs: table('pairs', { a: z.uuid(), b: z.int(), note: z.string().nullable() }, (c) => [
    primaryKey(c.a, c.b),
  ]),
};
const uuid = '0190a0b0-0000-7000-8000-000000000000';

/** Keys of the right JavaScript type that no row has, because the database's type cannot hold them. */
const impossible: [keyof typeof tables, unknown][] = [
  ['uuids', 'nope'],
  ['uuids', ''],
  ['uuids', uuid.toUpperCase()],
  ['uuids', `{${uuid}}`],
  ['uuids', uuid.replaceAll('-', '')],
  ['uuids', `${uuid}\0`],
  ['counted', 1.5],
  ['counted', -1],
  ['counted', Number.NaN],
  ['counted', Number.POSITIVE_INFINITY],
  ['counted', 2 ** 53],
  ['counted', 1e30],
  ['texts', '\0'],
  ['texts', '\ud800'],
  ['choices', 'c'],
  ['small', 2 ** 31],
  ['small', -(2 ** 40)],
  ['reals', Number.NaN],
  ['reals', Number.NEGATIVE_INFINITY],
  ['times', 'yesterday'],
  ['times', 'now'],
  ['times', 'infinity'],
  ['times', '2026-01-31T08:00:00Z'],
  ['times', '2026-02-30T08:00:00.000Z'],
  ['times', '0000-01-31T08:00:00.000Z'],
  ['dates', '2026-02-30'],
  ['dates', 'today'],
  ['instants', new Date(8.64e15)],
  ['addresses', '300.1.1.1'],
  ['addresses', '2001:DB8::1'],
  ['addresses', '10.0.0.0/8'],
  ['pairs', { a: 'nope', b: 1 }],
  ['pairs', { a: uuid, b: 1.5 }],
];

/** Keys of a wrong JavaScript type, which the types refuse. */
const wrong: [keyof typeof tables, unknown][] = [
  ['uuids', 42],
  ['uuids', {}],
  ['uuids', { id: uuid }],
  ['uuids', [uuid]],
  ['uuids', new Date()],
  ['uuids', 1n],
  ['counted', '42'],
  ['counted', true],
  ['counted', 1n],
  ['texts', 1],
  ['texts', Symbol('x')],
  ['choices', 1],
  ['flags', 'true'],
  ['flags', 1],
  ['times', new Date()],
  ['instants', '2026-01-31T08:00:00.000Z'],
  ['instants', new Date(Number.NaN)],
  ['pairs', { a: 1, b: 1 }],
  ['pairs', { a: 'nope', b: '1' }],
];

const missing: [keyof typeof tables, unknown][] = [
  ['uuids', undefined],
  ['uuids', null],
  ['pairs', {}],
  ['pairs', uuid],
  ['pairs', { a: uuid }],
  ['pairs', { a: uuid, b: null }],
];

describe.each(engines)('keys on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  const sent: string[] = [];
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables, { onStatement: ({ sql }) => void sent.push(sql) }));
  });
  afterAll(() => remove());

  /** What each way to name a row by its key does. */
  const outcomes = async (name: keyof typeof tables, key: unknown) => {
    const table = tables[name] as typeof tables.uuids;
    const by = key as string;
    const outcome = (work: Promise<unknown>) =>
      work.then(
        (value) => (value === undefined ? 'undefined' : 'found'),
        (error: { code?: string }) => error.code ?? String(error),
      );
    sent.length = 0;
    return {
      get: await outcome(db.get(table, by)),
      read: await outcome(db.read((s) => s.get(table, by))),
      update: await outcome(db.session((s) => s.update(table, by, { note: 'x' }))),
      delete: await outcome(db.session((s) => s.delete(table, by))),
      statements: sent.filter((sql) => sql.includes(table.name)).length,
    };
  };

  it('that no row can have are the keys of none, and nothing is sent', async () => {
    for (const [name, key] of impossible) {
      expect({ name, key, ...(await outcomes(name, key)) }).toEqual({
        name,
        key,
        get: 'undefined',
        read: 'undefined',
        update: 'row-not-found',
        delete: 'row-not-found',
        statements: 0,
      });
    }
  });

  it('of a wrong type, or without a value, are refused', async () => {
    for (const [keys, code] of [
      [wrong, 'value-invalid'],
      [missing, 'usage'],
    ] as const) {
      for (const [name, key] of keys) {
        expect({ name, ...(await outcomes(name, key)) }).toEqual({
          name,
          get: code,
          read: code,
          update: code,
          delete: code,
          statements: 0,
        });
      }
    }
  });

  it('find their rows, also those that the schema would refuse today', async () => {
    const keys = {
      texts: 'abc',
      choices: 'a',
      small: -(2 ** 31),
      reals: 0.1,
      flags: false,
      times: '9999-12-31T23:59:59.999Z',
      dates: '0001-01-01',
      instants: new Date('2026-01-31T08:00:00.123Z'),
      addresses: '2001:db8::1',
    } as const;
    for (const [name, key] of Object.entries(keys)) {
      const table = tables[name as 'texts'];
      await db.session((s) => s.insert(table, { key: key as string }));
      expect(await db.get(table, key as string)).toEqual({ key, note: null });
    }
    // the regular expression is checked by Zod only, so that a row of an earlier schema can break it
    await db.session((s) => sql`insert into texts (key) values ('A B')`.execute(s.query));
    expect(await db.get(tables.texts, 'A B')).toEqual({ key: 'A B', note: null });
    await db.session(async (s) => {
      const { id: made } = await s.insert(tables.uuids, {});
      expect(await s.update(tables.uuids, made, { note: 'x' })).toEqual({ id: made, note: 'x' });
      const row = await s.insert(tables.pairs, { a: made, b: 1 });
      expect(await s.get(tables.pairs, row)).toEqual(row);
      await s.delete(tables.pairs, row);
    });
  });

  it.each(Object.entries(converting))(
    'of the type %s are converted as an insert converts them',
    async (name, [, given, stored]) => {
      const table = tables[name as 'lower'];
      const found = { key: stored, note: 'x' };
      expect(await db.insert(table, { key: given, note: 'x' })).toEqual(found);
      expect(await db.get(table, given)).toEqual(found);
      expect(await db.get(table, stored)).toEqual(found);
      expect(await db.update(table, given, { note: 'y' })).toEqual({ ...found, note: 'y' });
      expect(await db.upsert(table, { key: given, note: 'x' }, { by: 'key' })).toEqual(found);
      expect(await db.updateMany(table, { key: given }, { note: 'z' })).toBe(1);
      expect(await db.deleteMany(table, { key: given, note: 'y' })).toBe(0);
      if (db.engine.sync)
        expect(db.sync.read({}, (s) => s.get(table, given))).toEqual({ key: stored, note: 'z' });
      await db.delete(table, given);
      expect(await db.get(table, stored)).toBeUndefined();
    },
  );

  it('in a synchronous session are the same', async () => {
    if (!db.engine.sync) return;
    expect(db.sync.session({}, (s) => s.get(tables.uuids, 'nope'))).toBeUndefined();
    for (const work of ['update', 'delete'] as const) {
      expect(() => db.sync.session({}, (s) => s[work](tables.uuids, 'nope', { note: 'x' }))).toThrow(
        expect.objectContaining({ code: 'row-not-found' }),
      );
    }
    expect(() => db.sync.session({}, (s) => s.get(tables.uuids, 42 as never))).toThrow(
      expect.objectContaining({ code: 'value-invalid' }),
    );
  });
});
