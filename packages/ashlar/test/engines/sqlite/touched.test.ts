import { id, table, updatedAt } from 'ashlar';
import Database from 'better-sqlite3-multiple-ciphers';
import { afterAll, expect, it } from 'vitest';
import { z } from 'zod';
import { createTable } from '../../../src/engines/sqlite/schema/ddl.js';
import { TouchedTables } from '../../../src/engines/sqlite/touched/touched-tables.js';
import { withTouched } from '../../../src/engines/sqlite/touched/with-touched.js';

const touching = table('items', {
  key: id(),
  a: z.int(),
  b: z.string(),
  updated_at: updatedAt(),
});
const plain = table('others', { key: id(), a: z.int(), b: z.string(), updated_at: z.string() });
const touched = new TouchedTables();
touched.register([touching, plain]);

const key = '0190a0b0-0000-7000-8000-000000000000';
const past = '2001-01-01T00:00:00.000Z';
const clock = '2031-01-01T00:00:00.000Z';
const file = new Database(':memory:');
file.function('ashlar_clock', { deterministic: true }, (precision) => (precision === 3 ? clock : null));
for (const statement of [...createTable(touching), ...createTable(plain)]) file.exec(statement);
file.exec('CREATE INDEX by_a ON items (a)');
for (const name of ['items', 'others'])
  file.exec(`INSERT INTO ${name} VALUES ('${key}', 1, 'SET', '${past}')`);
afterAll(() => file.close());

const accepts = (sql: string): boolean => {
  try {
    file.prepare(sql);
    return true;
  } catch {
    return false;
  }
};

/** The time of the row of a table after a statement, which is undone. */
const timeAfter = (sql: string, name: string): unknown => {
  file.exec('BEGIN');
  try {
    const statement = file.prepare(sql);
    if (statement.reader) statement.all();
    else statement.run();
    return file.prepare(`SELECT updated_at FROM ${name} WHERE key = '${key}'`).pluck().get();
  } finally {
    file.exec('ROLLBACK');
  }
};

const product = (...parts: readonly (readonly string[])[]): string[] =>
  parts.reduce<string[]>(
    (all, part) => all.flatMap((text) => part.map((next) => `${text} ${next}`.trim())),
    [''],
  );

const names = [
  'items',
  '"items"',
  '[items]',
  '`items`',
  "'items'",
  'ITEMS',
  'main.items',
  '"main" . "Items"',
];
const leads = [
  '',
  'WITH x AS (SELECT 1 AS n)',
  'WITH RECURSIVE "set"(n) AS (SELECT 1), items AS (SELECT 2)',
  ';',
];
const sets = [
  "a = 2, b = 'SET a = 1'",
  "(a, b) = (2, ' SET ')",
  '"a" = (SELECT n FROM (SELECT 2 AS n)), b = b',
  "a = CASE WHEN b = 'SET' THEN (SELECT count(*) FROM others WHERE b = 'SET') END",
];

const updates = product(
  leads,
  ['UPDATE', 'update or ignore', 'UPDATE OR REPLACE', 'UPDATE OR ROLLBACK'],
  names,
  ['', 'AS "set"', 'INDEXED BY by_a', 'NOT INDEXED'],
  sets.map((set) => `SET ${set}`),
  ['', 'FROM (SELECT 5 AS n) q', `WHERE key = '${key}' RETURNING a, updated_at;`],
);

const inserts = product(
  leads,
  ['INSERT INTO', 'INSERT OR ABORT INTO', 'REPLACE INTO'],
  names,
  ['', 'AS i'],
  [
    `(key, a, b) VALUES ('${key}', 1, 'x')`,
    `(key, a, b) SELECT key, a, b FROM others WHERE true`,
    `("key", a, b) SELECT '${key}', 1, b FROM others JOIN (SELECT 1) ON true WHERE true`,
  ],
  sets.flatMap((set) => [
    `ON CONFLICT (key) DO UPDATE SET ${set}`,
    `ON CONFLICT (b) DO NOTHING ON CONFLICT (key) DO UPDATE SET ${set} WHERE true RETURNING *`,
    `ON CONFLICT (key) DO UPDATE SET ${set} ON CONFLICT DO UPDATE SET a = excluded.a`,
  ]),
);

const spaced = (sql: string): string => sql.replaceAll(' ', ' /* SET */\n-- SET a = 1\n\t');

it.each([
  ['UPDATE', updates],
  ['INSERT … ON CONFLICT', inserts.filter((sql) => !sql.includes('(b)'))],
  ['UPDATE with comments', updates.filter((_, i) => i % 7 === 0).map(spaced)],
  ['INSERT with comments', inserts.filter((_, i) => i % 7 === 0).map(spaced)],
])('every %s that SQLite accepts sets the column, and is accepted', (_, statements) => {
  const accepted = statements.filter(accepts);
  expect(accepted.length).toBeGreaterThan(statements.length / 3);
  for (const sql of accepted) {
    const rewritten = withTouched(sql, touched);
    expect(accepts(rewritten), rewritten).toBe(true);
    // REPLACE deletes the row before a conflict could update it
    if (!/REPLACE INTO/.test(sql)) expect(timeAfter(rewritten, 'items'), rewritten).toBe(clock);
  }
});

it.each([
  ['a time in the statement wins', `UPDATE items SET a = 2, updated_at = '${past}'`],
  ['a time in a list wins', `UPDATE items SET (a, updated_at) = (2, '${past}')`],
  [
    'a time in a conflict wins',
    `INSERT INTO items (key, a, b) VALUES ('${key}', 1, 'x') ON CONFLICT DO UPDATE SET updated_at = '${past}'`,
  ],
])('%s', (_, sql) => {
  expect(withTouched(sql, touched)).not.toBe(sql);
  expect(timeAfter(withTouched(sql, touched), 'items')).toBe(past);
});

it.each([
  'UPDATE others SET a = 2',
  'WITH items AS (SELECT 1) UPDATE others SET a = 2',
  "SELECT 'UPDATE items SET a = 1'",
  'SELECT * FROM items',
  'DELETE FROM items WHERE b = (SELECT b FROM items)',
  'INSERT INTO others SELECT * FROM items WHERE true ON CONFLICT (key) DO UPDATE SET a = 1',
  '',
  ';',
  'UPDATE',
  'WITH',
  'UPDATE OR',
])('%s stays as it is', (sql) => {
  expect(withTouched(sql, touched)).toBe(sql);
});

it('a database without such tables reads no statement', () => {
  expect(withTouched('UPDATE items SET a = 1', new TouchedTables())).toBe('UPDATE items SET a = 1');
});
