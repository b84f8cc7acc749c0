import { describe, expect, test } from 'vitest';
import { mentions, referredTables, replaceNames } from '../../src/sql/code.js';
import { changesRows, firstWord, verbOf } from '../../src/sql/kind.js';

describe.each(['sqlite', 'postgres'] as const)('%s', (dialect) => {
  test.each([
    ['select 1', 'SELECT', 'SELECT'],
    ['/* a */ -- b\n ; Insert INTO t VALUES (1)', 'INSERT', 'INSERT'],
    ['WITH a AS (SELECT 1), b (c) AS (SELECT 2) DELETE FROM t', 'WITH', 'DELETE'],
    ['WITH RECURSIVE replace AS (VALUES (1)) UPDATE t SET a = 1', 'WITH', 'UPDATE'],
    ['EXPLAIN WITH a AS (SELECT 1) SELECT * FROM a', 'EXPLAIN', 'SELECT'],
    ['CREATE TABLE t (a)', 'CREATE', 'CREATE'],
    ['"select"', '', ''],
    ['-- select', '', ''],
    ['', '', ''],
  ])('%s begins with %s and does %s', (sql, first, verb) => {
    expect([firstWord(sql, dialect), verbOf(sql, dialect)]).toEqual([first, verb]);
  });

  test.each([
    ['DELETE FROM t', true],
    ['WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a', true],
    ['SELECT \'DELETE\', "update" FROM t -- DELETE', false],
    ['EXPLAIN DELETE FROM t', false],
    ['SELECT replace(a, b, c) FROM t', false],
  ])('%s changes rows: %s', (sql, expected) => {
    expect(changesRows(sql, dialect)).toBe(expected);
  });

  test('names are found and replaced outside of strings and comments', () => {
    const sql = `CHECK (old > 0 AND "old" <> 'old' /* old */ AND older)`;
    expect(replaceNames(sql, dialect, (name) => (name === 'old' ? 'new' : undefined))).toBe(
      `CHECK (new > 0 AND new <> 'old' /* old */ AND older)`,
    );
    expect([mentions(sql, 'OLD', dialect), mentions(sql, 'new', dialect)]).toEqual([true, false]);
  });

  test('the tables that foreign keys refer to', () => {
    const sql = `FOREIGN KEY (a) REFERENCES b (c), d TEXT REFERENCES "e ""f""", 'REFERENCES g'`;
    expect(referredTables(sql, dialect)).toEqual(['b', 'e "f"']);
  });
});

test.each([
  ['WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a', true],
  ['WITH a AS NOT MATERIALIZED (INSERT INTO t VALUES (1) RETURNING *) SELECT * FROM a', true],
  ['EXPLAIN (ANALYZE, VERBOSE) DELETE FROM t', true],
  ['EXPLAIN (ANALYZE) SELECT 1', false],
  ['TRUNCATE t', true],
])('in PostgreSQL %s changes rows: %s', (sql, expected) => {
  expect(changesRows(sql, 'postgres')).toBe(expected);
});
