import { PGlite } from '@electric-sql/pglite';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makesTable } from '../../../src/engines/postgres/wire/makes-table.js';
import { assertAllowed } from '../../../src/engines/postgres/wire/statement-kind.js';
import { codeOf } from '../../../src/sql/code.js';

const isRefused = (sql: string): boolean => {
  try {
    assertAllowed(sql);
    return false;
  } catch {
    return true;
  }
};

/** Statements in which INTO is no clause of a SELECT, or words around it are labels or columns. */
const written = [
  'SELECT 1 AS as INTO TEMP made',
  'SELECT s.as INTO TEMP made FROM odd s',
  'SELECT s.into INTO TEMP made FROM odd s',
  'SELECT s.insert INTO TEMP made FROM odd s',
  'SELECT insert INTO TEMP made FROM odd',
  'SELECT (1) insert INTO TEMP made',
  'SELECT 1 insert INTO TEMP made',
  'SELECT merge INTO TEMP made FROM odd',
  'SELECT 1. INTO TEMP made',
  'SELECT 1 AS into INTO TEMP made',
  'SELECT 1 AS "into" INTO made',
  'SELECT odd.*INTO made FROM odd',
  "SELECT 'x'INTO made",
  'SELECT 1 INTO/* c */UNLOGGED made',
  'SELECT 1 AS "as" INTO TABLE made',
  'SELECT INTO made FROM odd',
  'SELECT 1 AS a, 2 AS b INTO LOCAL TEMPORARY TABLE made',
  'SELECT 1 AS a INTO made UNION SELECT 2',
  'WITH insert AS (SELECT 1 AS a) SELECT a INTO TEMP made FROM insert',
  'WITH x AS (INSERT INTO odd (id) VALUES (7) RETURNING id) SELECT id INTO TEMP made FROM x',
  'WITH x AS (SELECT 1 AS a) SELECT x.a INTO made FROM x',
  '(SELECT 1 AS a INTO made)',
  'SELECT 1 AS into',
  'SELECT s.into, s.as, s.insert FROM odd s',
  'SELECT s.as AS into, s.insert AS as FROM odd s',
  'SELECT "into" FROM odd',
  "SELECT ' INTO made'",
  'SELECT $$ INTO made $$',
  'SELECT 1 -- INTO made',
  'INSERT INTO odd (id) VALUES (1)',
  'INSERT INTO odd (id, "into") SELECT 2, s.into FROM odd s',
  'WITH x AS (SELECT 3 AS a) INSERT INTO odd (id) SELECT a FROM x',
  'WITH RECURSIVE x (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x WHERE n < 2) SEARCH DEPTH FIRST BY n SET ord INSERT INTO odd (id) SELECT n FROM x',
  'WITH x AS (INSERT INTO odd (id) VALUES (5) RETURNING id) SELECT id AS into FROM x',
  'MERGE INTO odd USING (SELECT 1 AS n) s ON odd.id = s.n WHEN NOT MATCHED THEN INSERT (id) VALUES (9)',
  'WITH x AS (SELECT 1 AS n) MERGE INTO odd USING x ON odd.id = x.n WHEN NOT MATCHED THEN DO NOTHING',
  'EXPLAIN INSERT INTO odd (id) VALUES (1)',
  'EXPLAIN (ANALYZE) INSERT INTO odd (id) VALUES (1)',
  'EXPLAIN ANALYZE SELECT 1 AS a INTO made',
];

/** Pieces of which statements are made that a server may take or refuse. */
const pieces = [
  ...[
    'SELECT',
    'INTO',
    'INTO made',
    'INTO TEMP made',
    'AS',
    'as',
    'insert',
    'merge',
    'INSERT INTO odd',
    'FROM odd',
    'FROM odd s',
  ],
  ...[
    's.as',
    's.into',
    's.insert',
    '1',
    '1.',
    "'x'",
    '(1)',
    '(SELECT 1)',
    '"into"',
    ',',
    '*',
    's.*',
    'into',
    'AS into',
    'AS as',
  ],
  ...[
    'WITH x AS (SELECT 1 AS a)',
    'WITH insert AS (SELECT 1 AS a)',
    '(',
    ')',
    'UNION',
    'VALUES (1)',
    'RETURNING 1',
    '/* INTO */',
  ],
];

describe('a SELECT with INTO', () => {
  let database: PGlite;
  beforeAll(async () => {
    database = await PGlite.create();
    await database.exec('CREATE TABLE odd (id int, "as" int, "into" int, "insert" int, "merge" int)');
  });
  afterAll(() => database.close());

  /** What a server makes of a text: `undefined` where it refuses it. */
  const makes = async (sql: string): Promise<boolean | undefined> => {
    await database.exec('BEGIN');
    try {
      await database.query(sql);
      const { rows } = await database.query<{ oid: number }>(
        "SELECT oid FROM pg_class WHERE relkind = 'r' AND oid >= 16384 AND relname <> 'odd'",
      );
      return rows.length > 0;
    } catch {
      return undefined;
    } finally {
      await database.exec('ROLLBACK');
    }
  };

  it.each(written)('%s', async (sql) => {
    const made = await makes(sql);
    expect(made, 'the server takes it').toBeDefined();
    expect(isRefused(sql)).toBe(made);
  });

  it('is refused however it is written, and nothing else is', async () => {
    let [made, others] = [0, 0];
    const statement = fc
      .array(fc.constantFrom(...pieces), { minLength: 2, maxLength: 7 })
      .map((list) => `SELECT ${list.join(' ')}`);
    await fc.assert(
      fc.asyncProperty(statement, async (sql) => {
        const found = await makes(sql);
        if (found === undefined) return;
        if (found) made++;
        else others++;
        expect([sql, makesTable(codeOf(sql, 'postgres'))]).toEqual([sql, found]);
      }),
      { numRuns: 6_000 },
    );
    expect(made).toBeGreaterThan(10);
    expect(others).toBeGreaterThan(50);
  });
});
