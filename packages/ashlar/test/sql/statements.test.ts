import { describe, expect, test } from 'vitest';
import type { SqlName } from '../../src/contract/sql.js';
import { splitStatements } from '../../src/sql/statements.js';

const sqls = (text: string, dialect: SqlName) => splitStatements(text, dialect).map(({ sql }) => sql);

describe.each(['sqlite', 'postgres'] as const)('%s', (dialect) => {
  test('statements, with the comments before them', () => {
    expect(sqls('-- first\nSELECT 1;\n\n/* two; */ SELECT 2', dialect)).toEqual([
      '-- first\nSELECT 1',
      '/* two; */ SELECT 2',
    ]);
  });

  test.each([
    '',
    '  \n',
    '-- nothing to do here\n',
    ';;',
    '/* a -- one; */',
    '\ufeff',
    '/* open; ',
    '\0SELECT 1',
  ])('%j holds no statement', (text) => {
    expect(sqls(text, dialect)).toEqual([]);
  });

  test.each([`SELECT 'it''s; fine', "odd;name"`, "SELECT 'open; ", 'SELECT "open; ', 'SELECT /* open; '])(
    'one statement stays one: %s',
    (text) => {
      expect(sqls(text, dialect)).toHaveLength(1);
    },
  );

  test('the byte order mark of a file belongs to no statement', () => {
    expect(sqls('\ufeff-- a\nSELECT 1;', dialect)).toEqual(['-- a\nSELECT 1']);
  });

  test('tells the line on which the code begins', () => {
    const script = "-- head\n\nSELECT 1;\n-- note\nSELECT\n2, '\n';; /*\n*/ SELECT 3";
    expect(splitStatements(script, dialect).map(({ line }) => line)).toEqual([3, 5, 8]);
  });

  test('gives the code without comments and without what stands in strings', () => {
    const [statement] = splitStatements(`UPDATE t -- all of them\n   SET a = 'WHERE';`, dialect);
    expect(statement?.code).toBe(`UPDATE t SET a = ''`);
  });

  test('a long script takes linear time', () => {
    const started = performance.now();
    expect(splitStatements("INSERT INTO t VALUES ('a;b');\n".repeat(50_000), dialect)).toHaveLength(50_000);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

test.each([
  'SELECT `tick;`, [bracket;] FROM t',
  `CREATE TRIGGER guard BEFORE UPDATE ON t WHEN CASE WHEN old.a THEN 1 ELSE 0 END BEGIN
      SELECT RAISE(ABORT, 'no; never'); -- not here;
      UPDATE t SET a = CASE WHEN a THEN 0 ELSE 1 END;
    END`,
  'CREATE TEMP TRIGGER begin AFTER INSERT ON t BEGIN SELECT 1; END',
  'EXPLAIN QUERY PLAN CREATE TEMPORARY TRIGGER a AFTER INSERT ON t BEGIN SELECT 1; SELECT 2; END',
])('one statement of SQLite stays one: %s', (text) => {
  expect(sqls(`${text};\nSELECT 2;`, 'sqlite')).toEqual([text, 'SELECT 2']);
});

test.each([
  `SELECT E'back\\'slash; quoted'`,
  `SELECT U&"odd;name", U&'a;' UESCAPE '!'`,
  'SELECT $$a; b$$, $tag$ c; $$ d; $tag$',
  'SELECT 1 /* a; /* b; */ c; */ + 1',
  'CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$',
  'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 ELSE 2 END; END',
  'CREATE OR REPLACE PROCEDURE begin() BEGIN ATOMIC END',
  'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 end; END',
  'CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM t; SELECT 1)',
])('one statement of PostgreSQL stays one: %s', (text) => {
  expect(sqls(`${text};\nSELECT 2;`, 'postgres')).toEqual([text, 'SELECT 2']);
});

test('what opens a body in the one engine opens none in the other', () => {
  expect(sqls('CREATE TRIGGER a BEGIN; END; SELECT 1', 'postgres')).toHaveLength(3);
  expect(sqls('CREATE FUNCTION f() BEGIN ATOMIC; END; SELECT 1', 'sqlite')).toHaveLength(3);
});
