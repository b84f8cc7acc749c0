import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Guarantee } from '../../../src/contract/guarantee.js';
import { sqliteDialect } from '../../../src/engines/sqlite/dialect.js';
import { openSqlite } from '../../../src/engines/sqlite/engine.js';
import {
  autoincrement,
  bytes,
  check,
  createdAt,
  id,
  index,
  inet,
  json,
  primaryKey,
  references,
  table,
  timestamp,
  unique,
} from '../../../src/model/index.js';
import { create, failure, script, workplace } from './support.js';

const { open } = workplace();

const people = table('people', { id: id(), name: z.string() });

const everything = table(
  'everything',
  {
    id: autoincrement(),
    person_id: z.uuid(),
    code: z.string().min(2).max(10).startsWith('A-').default('A-1'),
    status: z.enum(['open', "it's done"]).default('open'),
    grade: z.literal([1, 2, 3]).nullable(),
    count: z.int().min(0).multipleOf(5).default(0),
    share: z.number().gt(0).max(1).nullable(),
    ratio: z.number().nullable(),
    active: z.boolean().default(true),
    day: z.iso.date().nullable(),
    at: timestamp().nullable(),
    precise: z.iso.datetime({ precision: 6 }).nullable(),
    address: inet().nullable(),
    data: z.record(z.string(), z.json()).default({}),
    picture: bytes().nullable(),
    order: json(z.json()).nullable(),
    created_at: createdAt(),
  },
  (c) => [
    unique(c.person_id, c.code),
    index(c.status, c.count, { where: 'active = 1' }),
    index(c.day, { unique: true, name: 'everything_by_day' }),
    references(c.person_id, people.columns.id, { onDelete: 'cascade' }),
    check('everything_sane', 'active OR "order" IS NULL'),
  ],
);

test('a table reads as if written by hand', () => {
  expect(`${sqliteDialect.createTable(everything).join(';\n')};`).toMatchInlineSnapshot(`
    "CREATE TABLE everything (
      id         INTEGER CONSTRAINT everything_pkey PRIMARY KEY AUTOINCREMENT
        CONSTRAINT everything_id_check CHECK (id BETWEEN 1 AND 9007199254740991),
      person_id  TEXT    NOT NULL
        CONSTRAINT everything_person_id_check CHECK (
          person_id GLOB '????????-????-????-????-????????????'
          AND person_id NOT GLOB '*[^0-9a-f-]*'
          AND length(replace(person_id, '-', '')) = 32
          AND instr(person_id, char(0)) = 0
        ),
      code       TEXT    NOT NULL DEFAULT 'A-1'
        CONSTRAINT everything_code_check CHECK (
          length(code) BETWEEN 2 AND 10
          AND substr(code, 1, 2) = 'A-'
          AND instr(code, char(0)) = 0
        ),
      status     TEXT    NOT NULL DEFAULT 'open'
        CONSTRAINT everything_status_check CHECK (status IN ('open', 'it''s done')),
      grade      INTEGER CONSTRAINT everything_grade_check CHECK (grade IN (1, 2, 3)),
      count      INTEGER NOT NULL DEFAULT 0
        CONSTRAINT everything_count_check CHECK (count BETWEEN 0 AND 9007199254740991 AND count % 5 = 0),
      share      REAL CONSTRAINT everything_share_check CHECK (share > 0 AND share <= 1),
      ratio      REAL CONSTRAINT everything_ratio_check CHECK (abs(ratio) <= 1.7976931348623157e+308),
      active     INTEGER NOT NULL DEFAULT 1 CONSTRAINT everything_active_check CHECK (active IN (0, 1)),
      day        TEXT CONSTRAINT everything_day_check CHECK (day IS date(day) AND day >= '0001'),
      at         TEXT
        CONSTRAINT everything_at_check CHECK (at IS strftime('%Y-%m-%dT%H:%M:%fZ', at) AND at >= '0001'),
      precise    TEXT
        CONSTRAINT everything_precise_check CHECK (
          substr(precise, 1, 23) || 'Z' IS strftime('%Y-%m-%dT%H:%M:%fZ', substr(precise, 1, 23) || 'Z')
          AND substr(precise, 24) GLOB '[0-9][0-9][0-9]Z'
          AND instr(precise, char(0)) = 0
          AND precise >= '0001'
        ),
      address    TEXT,
      data       TEXT    NOT NULL DEFAULT '{}' CONSTRAINT everything_data_check CHECK (json_valid(data)),
      picture    BLOB,
      "order"    TEXT CONSTRAINT everything_order_check CHECK (json_valid("order")),
      created_at TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        CONSTRAINT everything_created_at_check CHECK (
          created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
          AND created_at >= '0001'
        ),
      CONSTRAINT everything_person_id_code_key UNIQUE (person_id, code),
      CONSTRAINT everything_person_id_fkey FOREIGN KEY (person_id) REFERENCES people (id) ON DELETE CASCADE,
      CONSTRAINT everything_sane CHECK (active OR "order" IS NULL)
    ) STRICT;
    CREATE INDEX everything_status_count_idx ON everything (status, count) WHERE active = 1;
    CREATE UNIQUE INDEX everything_by_day ON everything (day);
    CREATE TRIGGER everything_person_id_fkey_insert BEFORE INSERT ON everything
    WHEN NEW.person_id IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM people WHERE id = NEW.person_id)
    BEGIN
      SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: everything_person_id_fkey');
    END;
    CREATE TRIGGER everything_person_id_fkey_update BEFORE UPDATE OF person_id ON everything
    WHEN NEW.person_id IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM people WHERE id = NEW.person_id)
    BEGIN
      SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: everything_person_id_fkey');
    END;
    CREATE TRIGGER everything_id_generated_insert BEFORE INSERT ON everything
    WHEN NEW.id <> -1
      AND EXISTS (SELECT 1 FROM ashlar_session WHERE NOT (actor IS 'owner' AND scope IS '*'))
    BEGIN
      SELECT RAISE(ABORT, 'ashlar/autoincrement: the column id is generated by the database only');
    END;
    CREATE TRIGGER everything_id_generated_update BEFORE UPDATE ON everything
    WHEN NEW.id IS NOT OLD.id
      AND EXISTS (SELECT 1 FROM ashlar_session WHERE NOT (actor IS 'owner' AND scope IS '*'))
    BEGIN
      SELECT RAISE(ABORT, 'ashlar/autoincrement: the column id is generated by the database only');
    END;"
  `);
});

test('keys of several columns are constraints of the table', () => {
  const pairs = table('pairs', { a: z.int(), b: z.string() }, (c) => [primaryKey(c.a, c.b)]);
  expect(sqliteDialect.createTable(pairs)).toMatchInlineSnapshot(`
    [
      "CREATE TABLE pairs (
      a INTEGER NOT NULL CONSTRAINT pairs_a_check CHECK (a BETWEEN -9007199254740991 AND 9007199254740991),
      b TEXT    NOT NULL CONSTRAINT pairs_b_check CHECK (octet_length(b) <= 2000),
      CONSTRAINT pairs_pkey PRIMARY KEY (a, b)
    ) STRICT",
    ]
  `);
});

const guarantee = (sqlite: Guarantee['sqlite']): Guarantee => ({
  kind: 'guarantee',
  name: 'noted',
  summary: 'Each row is noted.',
  sqlite,
  postgres: { level: 'refused', why: 'not here' },
});

test('the objects of a guarantee are created with its table', () => {
  const noted = table('noted', { id: id() }, () => [
    guarantee({
      level: 'enforced',
      clause: () => 'WITHOUT ROWID',
      objects: () => [{ type: 'trigger', name: 'noted_kept', sql: 'CREATE TRIGGER noted_kept … END;\n' }],
    }),
  ]);
  const [first, second] = sqliteDialect.createTable(noted);
  expect(first).toMatch(/\) STRICT, WITHOUT ROWID$/);
  expect(second).toBe('CREATE TRIGGER noted_kept … END');
});

test('a guarantee that SQLite cannot keep is refused', async () => {
  const refused = table('refused', { id: id() }, () => [
    guarantee({ level: 'refused', why: 'SQLite has no such thing.' }),
  ]);
  const error = await failure('guarantee-refused', () => sqliteDialect.createTable(refused));
  expect(error.detail).toBe('SQLite has no such thing.');
});

const person = '0190a5b0-0000-7000-8000-000000000001';
const valid = { person_id: `'${person}'` };

const insert = (values: Record<string, string>): string => {
  const all = { ...valid, ...values };
  return `INSERT INTO everything (${Object.keys(all)
    .map((name) => `"${name}"`)
    .join(', ')}) VALUES (${Object.values(all).join(', ')})`;
};

describe('the database itself checks values', () => {
  test.each([
    ['id', '0'],
    ['id', '9007199254740992'],
    ['person_id', "'0190A5B0-0000-7000-8000-000000000001'"],
    ['person_id', "'0190a5b0-0000-7000-8000-00000000000'"],
    ['person_id', "'0190a5b0-0000-7000-8000-0000000000011'"],
    ['person_id', "'0190a5b0-0000-7000-8000-00000000000g'"],
    ['person_id', "'0190a5b0-0000-7000-8000-0000000-0001'"],
    ['person_id', "'0190a5b000000-7000-8000-000000000001'"],
    ['person_id', `'${person}' || char(0) || 'x'`],
    ['code', "'A'"],
    ['code', "'A-345678901'"],
    ['code', "'B-1'"],
    ['code', "'A-1' || char(0)"],
    ['code', "X'412D31'"],
    ['status', "'closed'"],
    ['grade', '4'],
    ['count', '-5'],
    ['count', '7'],
    ['count', '1.5'],
    ['count', '9007199254740995'],
    ['count', "'many'"],
    ['share', '0'],
    ['share', '1.01'],
    ['ratio', '9e999'],
    ['ratio', '-9e999'],
    ['active', '2'],
    ['day', "'2026-02-30'"],
    ['day', "'0000-01-01'"],
    ['day', "'2026-1-1'"],
    ['day', "'now'"],
    ['at', "'2026-01-31T08:00:00Z'"],
    ['at', "'2026-01-31T08:00:00.000000Z'"],
    ['at', "'2026-02-30T08:00:00.000Z'"],
    ['at', "'2026-01-31T24:00:00.000Z'"],
    ['at', "'2026-01-31 08:00:00.000'"],
    ['at', "'0000-01-31T08:00:00.000Z'"],
    ['at', "'2026-01-31T08:00:00.000Z' || char(0)"],
    ['precise', "'2026-01-31T08:00:00.000Z'"],
    ['precise', "'2026-01-31T08:00:00.00000xZ'"],
    ['precise', "'2026-02-30T08:00:00.000000Z'"],
    ['precise', "'2026-01-31T08:00:00.000000Z' || char(0)"],
    ['data', "'{'"],
    ['data', "''"],
    ['data', "'{a: 1}'"],
    ['picture', "'text'"],
    ['created_at', "'yesterday'"],
  ])('%s cannot be %s', async (column, value) => {
    const engine = await open({ path: ':memory:' });
    await create(engine, [people, everything]);
    await script(engine, `INSERT INTO people VALUES ('${person}', 'Ada')`);
    await expect(script(engine, insert({ [column]: value }))).rejects.toThrow();
    await script(engine, insert({}));
  });

  test('accepts all values that a Zod schema accepts', async () => {
    const engine = await open({ path: ':memory:' });
    await create(engine, [people, everything]);
    await script(engine, `INSERT INTO people VALUES ('${person}', 'Ada')`);
    await script(
      engine,
      insert({
        id: '9007199254740991',
        code: "'A-3456789🪨'",
        status: "'it''s done'",
        grade: '3',
        count: '9007199254740990',
        share: '1',
        ratio: '-1.7976931348623157e308',
        active: '0',
        day: "'0001-01-01'",
        at: "'9999-12-31T23:59:59.999Z'",
        precise: "'9999-12-31T23:59:59.999999Z'",
        data: `'{"a": [1]}'`,
        picture: "X'00ff'",
      }),
    );
  });

  test('every millisecond of a second is a time', async () => {
    const engine = await openSqlite({ url: 'sqlite::memory:' }, false, ':memory:');
    const times = table('times', { at: timestamp(), precise: z.iso.datetime({ precision: 6 }) }, (c) => [
      primaryKey(c.at),
    ]);
    await create(engine, [times]);
    const transaction = await engine.begin({ mode: 'write', actor: null, scope: null });
    const start = Date.parse('1969-12-31T23:59:59.000Z');
    const moments = Array.from({ length: 2000 }, (_, i) => new Date(start + i).toISOString());
    const far = Array.from({ length: 2000 }, (_, i) =>
      new Date(Date.parse('0001-01-01') + i * 157_784_760_013).toISOString(),
    );
    const given = [...new Set([...moments, ...far.filter((at) => at.length === 24)])];
    const pairs = given.map((at) => [at, at.replace('Z', '789Z')]);
    expect(await transaction.insertMany(times, Object.values(times.columns), pairs)).toBe(given.length);
    await transaction.commit();
    await engine.close();
  });
});

test('assigned numbers are not reused', async () => {
  const engine = await open({ path: ':memory:' });
  await create(engine, [people, everything]);
  await script(
    engine,
    `INSERT INTO people VALUES ('${person}', 'Ada'); ${insert({})}; DELETE FROM everything; ${insert({})}`,
  );
  expect((await engine.read('SELECT id FROM everything', [])).rows).toEqual([{ id: 2 }]);
});

test.each([3, 6] as const)(
  'the current time with %i digits is one that the column takes',
  async (precision) => {
    const engine = await open({ path: ':memory:' });
    const [row] = (await engine.read(`SELECT ${sqliteDialect.now(precision)} AS now`, [])).rows;
    expect(row?.now).toMatch(
      precision === 3 ? /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ : /^.{19}\.\d{3}000Z$/,
    );
  },
);
