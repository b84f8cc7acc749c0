import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { autoincrement, bytes, id, inet, json, table } from '../../../src/model/index.js';
import { createTables, firstRow, opened, postgresEngines, transaction } from './opened.js';

const things = table('things', {
  id: id(),
  text: z.string().nullable(),
  small: z.int32().nullable(),
  large: z.int().nullable(),
  real: z.number().nullable(),
  flag: z.boolean().nullable(),
  milli: z.iso.datetime({ precision: 3 }).nullable(),
  micro: z.iso.datetime({ precision: 6 }).nullable(),
  day: z.iso.date().nullable(),
  address: inet().nullable(),
  data: json(z.json()),
  raw: bytes().nullable(),
});
const counted = table('counted', { id: autoincrement(), name: z.string() });

const key = (n: number): string => `0192d7a0-0000-7000-8000-${String(n).padStart(12, '0')}`;

const rows: readonly Record<string, unknown>[] = [
  {
    id: key(1),
    text: `quotes ' " \\ {} , NULL and a line\nbreak 🪨`,
    small: -2147483648,
    large: Number.MAX_SAFE_INTEGER,
    real: 5e-324,
    flag: true,
    milli: '2026-01-31T08:00:00.000Z',
    micro: '9999-12-31T23:59:59.999999Z',
    day: '0001-01-01',
    address: '::102:304',
    data: { a: [1, 'two', null, { b: 1e21 }], 'key "': '\\u0000' },
    raw: Uint8Array.of(0, 92, 34, 255),
  },
  {
    id: key(2),
    text: '',
    small: 0,
    large: Number.MIN_SAFE_INTEGER,
    real: 0.1 + 0.2,
    flag: false,
    milli: '0001-01-01T00:00:00.001Z',
    micro: '2026-01-31T08:00:00.000000Z',
    day: '9999-12-31',
    address: '2001:db8::1',
    data: 'a JSON string',
    raw: new Uint8Array(),
  },
  {
    id: key(3),
    text: null,
    small: null,
    large: null,
    real: null,
    flag: null,
    milli: null,
    micro: null,
    day: null,
    address: null,
    data: null,
    raw: null,
  },
];

describe.each(postgresEngines)('values on $name', (test) => {
  const it$ = opened(test);
  const columns = Object.values(things.columns);
  const encoded = (row: Record<string, unknown>): unknown[] =>
    columns.map((column) => it$.engine.encode(column, row[column.name]));
  const placeholders = columns.map((_, i) => `$${i + 1}`).join(', ');

  beforeAll(() => createTables(it$.engine, things, counted));

  it.each(rows)('are read back unchanged: %#', async (row) => {
    const kept = await transaction(it$.engine, async (t) => {
      const stored = await t.execute(`INSERT INTO things VALUES (${placeholders}) RETURNING *`, encoded(row));
      expect(stored.changes).toBe(1);
      await t.execute('DELETE FROM things', []);
      return firstRow(stored);
    });
    expect(kept).toStrictEqual(row);
    expect(kept.raw === null || kept.raw?.constructor === Uint8Array).toBe(true);
  });

  it('are read back unchanged after insertMany, from joins and from expressions', async () => {
    await transaction(it$.engine, async (t) => {
      expect(await t.insertMany(things, columns, rows.map(encoded))).toBe(3);
    });
    const all = await it$.engine.read('SELECT * FROM things ORDER BY id', []);
    expect(all.rows).toStrictEqual(rows);
    const joined = await it$.engine.read(
      `SELECT a.milli AS first, coalesce(b.micro, a.micro) AS micro, max(a.milli) OVER () AS last, a.data -> 'a' AS part,
              count(*) OVER () AS many, a.large + 0 AS large, sum(a.small) OVER () AS total, 1.50 AS price, now() > a.milli AS past
       FROM things a JOIN things b USING (id) WHERE a.id = $1`,
      [key(1)],
    );
    expect(joined.rows).toStrictEqual([
      {
        first: '2026-01-31T08:00:00.000Z',
        micro: '9999-12-31T23:59:59.999999Z',
        last: '2026-01-31T08:00:00.000Z',
        part: [1, 'two', null, { b: 1e21 }],
        many: 1,
        large: Number.MAX_SAFE_INTEGER,
        total: -2147483648,
        price: 1.5,
        past: true,
      },
    ]);
  });

  it('are returned without the columns that guarantees add', async () => {
    const { rows: found } = await it$.engine.read('SELECT 1 AS ashlar_anything, 2 AS ashlar, 3 AS other', []);
    expect(found).toEqual([{ ashlar: 2, other: 3 }]);
  });

  it('are exact numbers, or an error', async () => {
    const { engine } = it$;
    const exact = await engine.read(
      'SELECT 0.1::numeric AS a, 123456789012345678.5::numeric AS b, 1e3::numeric AS c',
      [],
    );
    expect(exact.rows).toEqual([{ a: 0.1, b: '123456789012345678.5', c: 1000 }]);
    await expect(engine.read('SELECT 9007199254740993::bigint AS n', [])).rejects.toMatchObject({
      code: 'value-corrupt',
    });
  });

  it.each([
    ['NUL', 'a\0b', 'value-unstorable'],
    ['a lone surrogate', 'a\ud800', 'value-unstorable'],
    ['NUL inside JSON', { a: 'x\0' }, 'value-unstorable'],
    ['a lone surrogate in a JSON key', { 'a\udfff': 1 }, 'value-unstorable'],
    ['a Date', new Date(), 'value-invalid'],
    ['undefined', undefined, 'value-invalid'],
  ])('with %s are refused before anything is sent', async (_, value, code) => {
    await transaction(it$.engine, async (t) => {
      await expect(t.execute('SELECT $1::text', [value])).rejects.toMatchObject({ code });
      // the transaction continues: nothing was sent to the server
      expect((await t.execute('SELECT 1 AS one', [])).rows).toEqual([{ one: 1 }]);
    });
  });

  it('of insertMany get keys in order, also for more rows than a statement has parameters', async () => {
    const names = Array.from({ length: 70_000 }, (_, i) => [`name ${i}`]);
    await transaction(it$.engine, async (t) => {
      expect(await t.insertMany(counted, [counted.columns.name], names)).toBe(70_000);
      const last = await t.execute("SELECT id FROM counted WHERE name = 'name 69999'", []);
      expect(last.rows).toEqual([{ id: 70_000 }]);
    });
  });

  it.each([
    ['large', '9007199254740992'],
    ['real', "'NaN'"],
    ['real', "'Infinity'"],
    ['milli', "'infinity'"],
    ['milli', "'0001-01-01T00:00:00Z BC'"],
    ['day', "'10000-01-01'"],
    ['address', "'10.0.0.0/8'"],
  ])('that Zod refuses are refused by the database as well: %s = %s', async (column, sql) => {
    await expect(
      transaction(it$.engine, (t) => Promise.resolve(t.execute(`UPDATE things SET ${column} = ${sql}`, []))),
    ).rejects.toMatchObject({
      code: 'check-violation',
      message: `The CHECK constraint things_${column}_check refused a value.`,
    });
  });
});
