import { describe, expect, test } from 'vitest';
import { splitStatements } from '../../src/migrations/statements.js';

const sqls = (text: string) => splitStatements(text).map(({ sql }) => sql);

describe('splitStatements', () => {
  test('statements, with the comments before them', () => {
    expect(sqls('-- first\nSELECT 1;\n\n/* two; */ SELECT 2')).toEqual([
      '-- first\nSELECT 1',
      '/* two; */ SELECT 2',
    ]);
  });

  test.each(['', '  \n', '-- nothing to do here\n', ';;', '/* a /* nested */ one; */'])(
    '%j holds no statement',
    (text) => {
      expect(sqls(text)).toEqual([]);
    },
  );

  test.each([
    `SELECT 'it''s; fine', "odd;name", \`tick;\` FROM t`,
    `SELECT E'back\\'slash; quoted'`,
    `SELECT $$a; b$$, $tag$ c; $$ d; $tag$`,
    `CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$`,
    `CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 ELSE 2 END; END`,
    `CREATE TRIGGER guard BEFORE UPDATE ON t WHEN CASE WHEN old.a THEN 1 ELSE 0 END BEGIN
      SELECT RAISE(ABORT, 'no; never'); -- not here;
      UPDATE t SET a = CASE WHEN a THEN 0 ELSE 1 END;
    END`,
  ])('one statement stays one: %s', (text) => {
    expect(sqls(`${text};\nSELECT 2;`)).toEqual([text, 'SELECT 2']);
  });

  test('tells the line on which the code begins', () => {
    expect(splitStatements('-- head\n\nSELECT 1;\n-- note\nSELECT\n2;').map(({ line }) => line)).toEqual([
      3, 5,
    ]);
  });

  test('gives the code without comments and without what stands in strings', () => {
    const [statement] = splitStatements(`UPDATE t -- all of them\n   SET a = 'WHERE';`);
    expect(statement?.code).toBe(`UPDATE t SET a = ''`);
  });
});
