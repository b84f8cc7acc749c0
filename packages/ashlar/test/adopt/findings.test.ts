import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adopt } from 'ashlar/adopt';
import { openEngine } from 'ashlar/extend';
import Sqlite from 'better-sqlite3-multiple-ciphers';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readDefault } from '../../src/adopt/read-default.js';
import type { StoredForm } from '../../src/contract/column.js';
import { fit, measures } from '../../src/engines/sqlite/schema/fit-values.js';
import { foreignForm } from '../../src/engines/sqlite/schema/foreign-form.js';

describe('a default of PostgreSQL', () => {
  const text = { as: 'text' } as const;
  test.each([
    [`'draft'::text`, `'draft'`],
    [`'draft'::character varying(30)`, `'draft'`],
    [`('draft'::text)::character varying`, undefined],
    [`'draft'::public."Status"`, `'draft'`],
    [`'it''s'::bpchar`, `'it\\'s'`],
  ])('%s is read as %s', (sql, constant) => {
    expect(readDefault(sql, text, 'postgres')).toEqual(constant === undefined ? undefined : { constant });
  });

  // an operator, a function, or anything else behind the constant makes it no constant
  const behind = [
    `|| nextval('inv'::regclass)`,
    `|| 'x'::text`,
    'COLLATE "C"',
    'IS NULL',
    '+ 30',
    '- 1',
    '/ 3',
    '* 2',
    `AT TIME ZONE 'utc'`,
    '[1]',
    '~ 1',
  ];
  const constants = [`'INV-'::text`, `'2000-01-01'::date`, '1', '(1)::numeric', '-1', 'true', `'{}'::text[]`];
  test.each(constants.flatMap((constant) => behind.map((more) => `${constant} ${more}`)))(
    '%s is no constant',
    (sql) => {
      for (const type of [
        text,
        { as: 'integer' },
        { as: 'real' },
        { as: 'boolean' },
        { as: 'decimal', total: 10, scale: 2 },
        { as: 'array', element: text },
      ] as const)
        expect(readDefault(sql, type, 'postgres')).toBeUndefined();
    },
  );
});

describe('values of SQLite that the form step converts', () => {
  let folder: string;
  let database: Sqlite.Database;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ashlar-form-'));
    database = new Sqlite(join(folder, 'test.db'));
  });
  afterAll(async () => {
    database.close();
    await rm(folder, { recursive: true });
  });

  const columnOf = (type: string) => ({ name: 'v', type, rest: '' }) as never;
  /** What the step makes of the values of a column; `undefined` where it fails. */
  const converted = (type: string, declared: StoredForm, values: readonly (string | number | bigint)[]) => {
    database.exec(`DROP TABLE IF EXISTS t; CREATE TABLE t (v ${type})`);
    const insert = database.prepare('INSERT INTO t VALUES (?)');
    for (const value of values) insert.run(value);
    const form = foreignForm(
      { name: 't', options: '', columns: [], constraints: [], indexes: [], triggers: [] },
      columnOf(type),
      declared,
    );
    if (!form) throw new Error(`${type} has a kind of its own`);
    try {
      return database
        .prepare(`SELECT ${form.into('v', "json('fails')")} FROM t ORDER BY rowid`)
        .pluck()
        .safeIntegers(true)
        .all();
    } catch {
      return undefined;
    }
  };
  const form = (kind: StoredForm['kind'], more: Partial<StoredForm> = {}): StoredForm => ({
    kind,
    precision: 3,
    encrypted: false,
    ...more,
  });

  test('numbers of a time column are milliseconds or seconds, all of them or the step fails', () => {
    const time = form('timestamp');
    const ms = ['1970-06-01', '1990-01-01', '1966-11-01', '2026-11-27'].map((day) =>
      Date.parse(`${day}T00:00:00Z`),
    );
    const iso = (value: number): string => new Date(value).toISOString();
    expect(converted('DATETIME', time, ms)).toEqual(ms.map(iso));
    expect(converted('DATETIME', time, [ms[0] as number])).toEqual([iso(ms[0] as number)]);
    const seconds = ms.map((value) => value / 1000);
    expect(converted('DATETIME', time, seconds)).toEqual(ms.map(iso));
    expect(converted('INTEGER', time, [0, ...seconds])).toEqual([iso(0), ...ms.map(iso)]);
    // both, and so a person says what they are
    expect(converted('DATETIME', time, [ms[3] as number, seconds[3] as number])).toBeUndefined();
    expect(converted('DATETIME', time, [86_400_000, ms[3] as number])).toBeUndefined();
    expect(converted('DATETIME', time, ['2026-11-27 10:00:00', ms[3] as number])).toEqual([
      '2026-11-27T10:00:00.000Z',
      iso(ms[3] as number),
    ]);
    // whatever the step makes of a column of one unit is right for each value of 1840 to 2100, or it fails
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -4_102_444_799_000, max: 4_102_444_799_000 }), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.boolean(),
        (values, isSeconds) => {
          const given = isSeconds ? values.map((value) => Math.trunc(value / 1000)) : values;
          const made = converted('DATETIME', time, given);
          if (!made) return;
          const wanted = given.map((value) => iso(isSeconds ? value * 1000 : value));
          // a column all of whose values lie in the 94 days around 1970 may be of either
          if (!isSeconds && values.every((value) => Math.abs(value) < 4_102_444_800)) return;
          expect(made).toEqual(wanted);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('a column of reals keeps each integer or fails', () => {
    const real = form('real');
    expect(converted('NUMERIC(18,0)', real, [5, 2.5, 9007199254740992n])).toEqual([
      5n,
      2.5,
      9007199254740992n,
    ]);
    expect(converted('NUMERIC(18,0)', real, [900719925474099301n])).toBeUndefined();
    expect(converted('NUMERIC', real, ['words'])).toBeUndefined();
  });

  test('a decimal is the double itself, or the step fails', () => {
    const money = form('decimal', { digits: { total: 12, scale: 2 } });
    expect(converted('NUMERIC(12,2)', money, [0.1, 19.99, 0.07, 1.1, 4.35, -2.5, 3])).toEqual([
      10n,
      1999n,
      7n,
      110n,
      435n,
      -250n,
      300n,
    ]);
    for (const value of [19.990000001, 0.000000004, 0.005])
      expect(converted('NUMERIC(12,2)', money, [value])).toBeUndefined();
    fc.assert(
      fc.property(fc.integer({ min: -99_999_999, max: 99_999_999 }), (cents) => {
        const [made] = converted('NUMERIC(12,2)', money, [cents / 100]) ?? [];
        expect(made).toBe(BigInt(cents));
      }),
      { numRuns: 200 },
    );
  });

  test('numbers beyond 2^53 are declared as what holds them', () => {
    const facts = { values: 2, integers: 2, unsafe: 1 };
    const request = {
      table: {},
      column: { name: 'v', type: 'NUMERIC(18,0)' },
      facts,
      isKey: false,
      keepsValues: true,
    } as never;
    expect(
      fit({ ...(request as object), found: { type: { as: 'decimal', total: 18, scale: 0 } } } as never),
    ).toEqual({ type: { as: 'bigint' } });
    expect(fit({ ...(request as object), found: { type: { as: 'autoincrement' } } } as never)).toEqual({
      type: { as: 'bigint' },
    });
    const mixed = { values: 2, integers: 1, reals: 1, unsafe: 1 };
    expect(
      fit({
        ...(request as object),
        facts: mixed,
        found: { type: { as: 'decimal', total: 18, scale: 0 } },
      } as never),
    ).toEqual({ reason: 'values-mixed' });
    expect(measures({ type: 'NUMERIC(12,2)' } as never, 'v').scaled).toContain('round');
  });
});

test('a file of another program stays byte for byte as it is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-reads-'));
  const path = join(folder, 'shop.db');
  const made = new Sqlite(path);
  made.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, word VARCHAR(9)); INSERT INTO t VALUES (1, 'one')");
  made.close();
  const before = await readFile(path);
  const engine = await openEngine({ url: `sqlite:${path}`, create: false, onlyReads: true });
  try {
    const { report } = await adopt(engine, { name: 'shop' });
    expect(report.tables).toEqual([{ name: 't', declared: true, reason: null }]);
    await expect(engine.asOwner((owner) => owner.run("INSERT INTO t VALUES (2, 'two')"))).rejects.toThrow();
    expect(await readdir(folder)).not.toContain('shop.db-wal');
  } finally {
    await engine.close();
  }
  expect(await readFile(path)).toEqual(before);
  expect(await readdir(folder)).toEqual(['shop.db']);
  await rm(folder, { recursive: true });
});
