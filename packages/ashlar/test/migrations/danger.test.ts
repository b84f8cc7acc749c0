import { describe, expect, test } from 'vitest';
import type { SqlName } from '../../src/contract/sql.js';
import { findDangers } from '../../src/migrations/danger.js';
import type { StepMode } from '../../src/migrations/directives.js';
import { splitStatements } from '../../src/sql/statements.js';

const dangersOf = (text: string, dialect: SqlName = 'postgres', mode: StepMode = 'transaction') =>
  findDangers(
    {
      kind: 'sql',
      file: 'up.sql',
      text,
      statements: splitStatements(text, dialect),
      mode,
      irreversible: false,
    },
    dialect,
    new Set(),
  ).map(({ why }) => why);

describe('findDangers', () => {
  test.each([
    ['DROP TABLE IF EXISTS notes', /drops a table/],
    ['ALTER TABLE notes DROP COLUMN body', /drops a column/],
    ['ALTER TABLE notes ADD COLUMN a int, DROP body', /drops a column/],
    ['ALTER TABLE ONLY shop.notes ALTER COLUMN body SET NOT NULL', /SET|NOT NULL/],
    ['alter table notes alter body type bigint using body::bigint', /rewrite/],
    ['ALTER TABLE notes ADD CONSTRAINT c CHECK (a > 0)', /NOT VALID/],
    ['ALTER TABLE notes ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES b (id)', /NOT VALID/],
    ['ALTER TABLE notes ADD CONSTRAINT c UNIQUE (a)', /USING INDEX/],
    ['ALTER TABLE notes ADD COLUMN id uuid DEFAULT gen_random_uuid()', /rewrites/],
    ['CREATE INDEX i ON notes (a)', /CONCURRENTLY/],
    ['CREATE UNIQUE INDEX IF NOT EXISTS i ON notes (a)', /CONCURRENTLY/],
    ['CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON notes (a)', /invalid index/],
    ['DELETE FROM notes', /every row/],
    ['UPDATE notes SET a = 1', /every row/],
    ['TRUNCATE notes', /every row/],
    ['VACUUM (FULL) notes', /lock/],
    ['LOCK TABLE notes IN EXCLUSIVE MODE', /lock/],
  ])('points out: %s', (sql, why) => expect(dangersOf(sql)).toEqual([expect.stringMatching(why)]));

  test.each([
    'ALTER TABLE notes ADD COLUMN a text',
    'ALTER TABLE notes ALTER COLUMN a DROP NOT NULL',
    'ALTER TABLE notes DROP CONSTRAINT c',
    'ALTER TABLE notes ADD CONSTRAINT c CHECK (a > 0) NOT VALID',
    'ALTER TABLE notes ADD CONSTRAINT c UNIQUE USING INDEX i',
    'CREATE INDEX CONCURRENTLY i ON notes (a)',
    'DELETE FROM notes WHERE a',
    "UPDATE notes SET a = 1 WHERE b = 'x'",
    "INSERT INTO notes VALUES ('DROP TABLE notes')",
    'CREATE TABLE notes (a int); CREATE INDEX i ON notes (a); ALTER TABLE notes ADD CONSTRAINT c CHECK (a > 0)',
  ])('finds no danger: %s', (sql) => expect(dangersOf(sql)).toEqual([]));

  test.each([
    ['REPLACE INTO notes VALUES (1)', /in the way/],
    ['INSERT OR REPLACE INTO notes VALUES (1)', /in the way/],
    ['update or replace notes SET a = 1 WHERE b', /in the way/],
    ['INSERT OR IGNORE INTO notes SELECT * FROM old', /leaves out/],
  ])('points out on SQLite: %s', (sql, why) =>
    expect(dangersOf(sql, 'sqlite')).toEqual([expect.stringMatching(why)]),
  );

  test('a table replaced in a rebuild is copied, not lost', () => {
    const rebuild = `CREATE TABLE new_notes (a); INSERT INTO new_notes SELECT a FROM notes;
      DROP TABLE notes; ALTER TABLE new_notes RENAME TO notes;`;
    expect(dangersOf(rebuild, 'sqlite', 'rebuild')).toEqual([
      expect.stringMatching(/copies notes row by row/),
    ]);
  });
});
