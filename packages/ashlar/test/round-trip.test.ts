import {
  AshlarError,
  array,
  autoincrement,
  bigint,
  bytes,
  type Database,
  decimal,
  id,
  inet,
  json,
  type Row,
  table,
} from 'ashlar';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../test/support/engines.js';
import { withTables } from '../../../test/support/tables.js';

// one column of every kind, and a nullable one of each
const shape = {
  text: z.string(),
  short: z.string().min(1).max(6),
  choice: z.enum(['a', "it's", 'ü']),
  whole: z.int(),
  small: z.int32().min(-5).max(5),
  big: bigint(),
  money: decimal(12, 2),
  real: z.number(),
  flag: z.boolean(),
  uuid: z.uuid(),
  at: z.iso.datetime(),
  precise: z.iso.datetime({ precision: 6 }),
  day: z.iso.date(),
  address: inet(),
  anything: json(z.json()),
  list: z.array(z.string()),
  blob: bytes(),
  texts: array(z.string()),
  wholes: array(z.int()),
  flags: array(z.boolean()),
  keys: array(z.uuid()),
  days: array(z.iso.date()),
  times: array(z.iso.datetime()),
  moments: array(z.iso.datetime({ precision: 6 })),
};

const nullable = <S extends Record<string, z.ZodType>>(given: S) =>
  Object.fromEntries(Object.entries(given).map(([name, type]) => [`${name}_or_null`, type.nullable()])) as {
    [K in keyof S as `${K & string}_or_null`]: z.ZodNullable<S[K]>;
  };

const values = table('round_trip', { id: id(), ...shape, ...nullable(shape) });
const counted = table('counted', { id: autoincrement(), note: z.string() });
const tables = { values, counted };

const nasty = fc.constantFrom(
  '',
  '\0',
  'a\0b',
  '\ud800',
  'x\udfff',
  '😀',
  '😀😀😀',
  '\u2028',
  "';--",
  '\\u0000',
  '\\',
  '"',
  '{}',
  '\r\n',
  '\ufeff',
  'ﬀ',
  'é',
  'null',
  'NaN',
  '1e400',
);
const text = fc.oneof(nasty, fc.string(), fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }));
const wild = fc.oneof(
  { weight: 4, arbitrary: fc.double() },
  fc.constantFrom(
    0,
    -0,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 53,
    2 ** 53 - 1,
    -(2 ** 53) + 1,
    5e-324,
    1.7976931348623157e308,
    0.1,
    1e21,
    123456789.12345679,
  ),
);
const whole = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer(),
  fc.constantFrom(0, -0, 2 ** 53, 2 ** 53 - 1, -(2 ** 53 - 1), 2 ** 31, -(2 ** 31)),
);
const time = (digits: number) =>
  fc.oneof(
    fc
      .tuple(
        fc.date({
          min: new Date('0001-01-01T00:00:00Z'),
          max: new Date('9999-12-31T23:59:59.999Z'),
          noInvalidDate: true,
        }),
        fc.integer({ min: 0, max: 999 }),
      )
      .map(([date, micros]) =>
        date.toISOString().replace('Z', digits === 6 ? `${String(micros).padStart(3, '0')}Z` : 'Z'),
      ),
    fc.constantFrom(
      '2026-02-29T00:00:00.000Z',
      '2024-02-29T23:59:59.999Z',
      '2024-02-29T23:59:59.999999Z',
      '0000-01-01T00:00:00.000Z',
      '0001-01-01T00:00:00.000Z',
      '9999-12-31T23:59:59.999Z',
      '2026-01-01T00:00:00Z',
      '2026-01-01T00:00:00.1Z',
      '1582-10-10T12:00:00.000Z',
    ),
  );
const deep = fc.integer({ min: 1, max: 600 }).map((levels) => {
  let value: unknown = 'bottom';
  for (let i = 0; i < levels; i++) value = i % 2 ? [value] : { k: value };
  return value;
});
const anything = fc.oneof(
  fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value))),
  text,
  wild,
  deep,
  fc.dictionary(text, fc.oneof(text, wild, fc.constant(null)), { noNullPrototype: true }),
  fc.constantFrom(null, true, false, [], {}, [[]], JSON.parse('{"__proto__": 1}')),
);
const address = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.constantFrom(
    '::',
    '::1',
    '::ffff:1.2.3.4',
    '2001:DB8::1',
    '2001:db8:0:0:0:0:0:1',
    '10.0.0.0/8',
    'fe80::1%eth0',
    '1.2.3.04',
  ),
);

const day = fc.oneof(
  time(3).map((t) => t.slice(0, 10)),
  fc.constantFrom('2026-02-30', '0000-01-01', '9999-12-31'),
);

const arbitraries: { [K in keyof typeof shape]: fc.Arbitrary<unknown> } = {
  text,
  short: text,
  choice: fc.constantFrom('a', "it's", 'ü', 'b'),
  whole,
  small: fc.integer({ min: -7, max: 7 }),
  money: fc.oneof(
    fc
      .bigInt({ min: -(10n ** 13n), max: 10n ** 13n })
      .map(
        (n) =>
          `${n < 0n ? '-' : ''}${(n < 0n ? -n : n) / 100n}.${String((n < 0n ? -n : n) % 100n).padStart(2, '0')}`,
      ),
    fc.constantFrom('0.00', '-0.00', '-0.01', '9999999999.99', '10000000000.00', '1', '1.5', 'NaN', '01.00'),
  ),
  big: fc.oneof(
    fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }),
    fc.constantFrom(0n, 2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n, -(2n ** 63n), -(2n ** 63n) - 1n),
  ),
  real: wild,
  flag: fc.boolean(),
  uuid: fc.oneof(
    fc.uuid(),
    fc.uuid().map((u) => u.toUpperCase()),
    fc.constantFrom('00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
  ),
  at: time(3),
  precise: time(6),
  day,
  address,
  anything,
  list: fc.array(text, { maxLength: 4 }),
  blob: fc.uint8Array({ maxLength: 40 }),
  texts: fc.array(text, { maxLength: 4 }),
  wholes: fc.array(whole, { maxLength: 4 }),
  flags: fc.array(fc.boolean(), { maxLength: 4 }),
  keys: fc.array(fc.uuid(), { maxLength: 4 }),
  days: fc.array(day, { maxLength: 4 }),
  times: fc.array(time(3), { maxLength: 4 }),
  moments: fc.array(time(6), { maxLength: 4 }),
};

const good = {
  text: '',
  short: 'abc',
  choice: 'a',
  whole: 1,
  small: 1,
  big: 2n ** 53n + 1n,
  money: '12.30',
  real: 1.5,
  flag: true,
  uuid: '0190a0b0-0000-7000-8000-000000000000',
  at: '2026-01-01T00:00:00.000Z',
  precise: '2026-01-01T00:00:00.000001Z',
  day: '2026-01-01',
  address: '::1',
  anything: null,
  list: [],
  blob: new Uint8Array([0, 255]),
  texts: ['a'],
  wholes: [1],
  flags: [true],
  keys: [],
  days: ['2026-01-01'],
  times: ['2026-01-01T00:00:00.000Z'],
  moments: [],
} satisfies Record<keyof typeof shape, unknown>;

const change = fc.oneof(
  ...Object.entries(arbitraries).flatMap(([name, arbitrary]) => [
    arbitrary.map((value) => ({ [name]: value })),
    fc.option(arbitrary).map((value) => ({ [`${name}_or_null`]: value })),
  ]),
);

describe.each(engines)('values that Zod accepts, on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables));
  });
  afterAll(() => remove());

  const refusal = (error: unknown) => {
    if (error instanceof AshlarError && (error.code === 'value-unstorable' || error.code === 'value-invalid'))
      return error.code;
    throw error;
  };

  it('are read back identical, and others are refused before anything is written', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
        const input = Object.assign({}, good, ...changes) as Parameters<typeof values.insert.parse>[0];
        const stored = await db.session((s) => s.insert(values, input as never)).catch(refusal);
        const verdict = values.insert.safeParse(input);
        if (typeof stored === 'string') {
          // Zod drops the key __proto__ of JSON, so only the session sees it
          const { anything, anything_or_null } = input as { anything?: unknown; anything_or_null?: unknown };
          if (verdict.success) expect(JSON.stringify([anything, anything_or_null])).toContain('"__proto__"');
          return;
        }
        expect(verdict.success).toBe(true);
        const expected = { ...nulls, ...(input as object), id: stored.id };
        const found = await db.get(values, stored.id);
        const [queried] = await db.read((s) =>
          s.query.selectFrom('round_trip').selectAll().where('id', '=', stored.id).execute(),
        );
        for (const row of [stored, found, queried]) expect(row).toStrictEqual(expected);
        expect(values.row.safeParse(found)).toMatchObject({ success: true });
      }),
      { numRuns: 400 },
    );
  });

  it('are read back identical after update and insertMany', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const update = Object.assign({}, ...changes) as Partial<Row<typeof values>>;
        const { id: key } = await db.session((s) => s.insert(values, good as never));
        const updated = await db.session((s) => s.update(values, key, update as never)).catch(refusal);
        const many = await db
          .session(async (s) => {
            await s.insertMany(values, [
              { ...good, ...update, id: another(key) } as never,
              { ...good, id: another(another(key)) } as never,
            ]);
            return s.get(values, another(key));
          })
          .catch(refusal);
        if (typeof updated === 'string') {
          expect(many).toBe(updated);
          return;
        }
        expect(updated).toStrictEqual({ ...nulls, ...good, ...update, id: key });
        expect(many).toStrictEqual({ ...updated, id: another(key) });
      }),
      { numRuns: 150 },
    );
  });

  it('get generated keys from 1, which are never reused', async () => {
    const keys = await db.session(async (s) => {
      const made: number[] = [];
      for (const note of ['a', 'b', 'c']) made.push((await s.insert(counted, { note })).id);
      await s.delete(counted, made[2] ?? 0);
      made.push((await s.insert(counted, { note: 'd' })).id);
      return made;
    });
    expect(keys).toEqual([1, 2, 3, 4]);
  });

  it('are ordered by code point, on every engine', async () => {
    const order = await db.session(async (s) => {
      for (const note of ['b', 'B', 'a', 'Z', 'é', '😀', 'ﬀ', '_'])
        await s.insert(counted, { note: `~${note}` });
      const rows = await s.query
        .selectFrom('counted')
        .select('note')
        .where('note', '>=', '~')
        .orderBy('note')
        .execute();
      return rows.map((row) => row.note.slice(1)).join('');
    });
    expect(order).toBe('BZ_abéﬀ😀');
  });
});

const nulls = Object.fromEntries(Object.keys(shape).map((name) => [`${name}_or_null`, null]));
const another = (uuid: string) =>
  uuid.slice(0, -1) + ((Number.parseInt(uuid.slice(-1), 16) + 1) % 16).toString(16);
