import Database from 'better-sqlite3-multiple-ciphers';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { splitStatements } from '../../src/sql/statements.js';
import { hostileText } from './hostile.js';

const sqls = (script: string, dialect: 'sqlite' | 'postgres') =>
  splitStatements(script, dialect).map(({ sql }) => sql);

const between = fc.constantFrom(
  ' ',
  '\n',
  '\t',
  '\r\n',
  ' -- it\'s; "here\n',
  ' /* it\'s; "here -- */ ',
  '\n\n',
);
const joined = (parts: fc.Arbitrary<readonly string[]>) =>
  fc
    .tuple(parts, fc.array(between, { minLength: 1, maxLength: 4 }))
    .map(([words, gaps]) => words.map((word, i) => word + (gaps[i % gaps.length] ?? ' ')).join(''));
const text = fc.constantFrom(
  "'a;b'",
  "'it''s; -- no'",
  "'/* '",
  "''",
  "'$$;'",
  "'BEGIN; END'",
  '1.5e3',
  '.5',
);

const scriptOf = (statement: fc.Arbitrary<string>) =>
  fc
    .tuple(
      fc.array(statement, { maxLength: 6 }),
      between,
      fc.constantFrom('', ';', ';;', '; -- end', ';\n/* end; */'),
    )
    .map(([statements, gap, end]) => statements.join(`;${gap}`) + (statements.length > 0 ? end : ''));

describe('SQLite’s own parser', () => {
  const database = new Database(':memory:');
  const outcome = (sql: string): string => {
    try {
      database.prepare(sql);
      return 'one';
    } catch (error) {
      return (error as Error).message;
    }
  };

  test('takes each piece of a hostile text for one statement at most', () => {
    fc.assert(
      fc.property(hostileText, (script) => {
        const statements = sqls(script, 'sqlite');
        for (const sql of statements) expect(outcome(sql)).not.toMatch(/more than one|no statements/);
        const whole = outcome(script);
        if (whole === 'one') expect(statements).toHaveLength(1);
        if (/no statements/.test(whole)) expect(statements).toHaveLength(0);
      }),
      { numRuns: 5000 },
    );
  });

  const value = fc.oneof(
    text,
    fc.constantFrom("X'0a'", 'CASE WHEN 1 THEN 2 ELSE 3 END', "CASE 1 WHEN 1 THEN ';' END"),
  );
  const name = fc.constantFrom('a', '"b;"', '`c;`', '[d;]', '"end"', "[it's]");
  const insert = joined(
    fc
      .tuple(value, name)
      .map(([given, column]) => ['INSERT', 'INTO', 'log', 'SELECT', given, 'AS', column, ';'].slice(0, -1)),
  );
  const trigger = joined(
    fc
      .tuple(
        fc.nat({ max: 99_999 }),
        fc.array(value, { minLength: 1, maxLength: 3 }),
        fc.constantFrom('', 'TEMP', 'TEMPORARY'),
      )
      .map(([id, values, temporary]) => [
        'CREATE',
        temporary,
        'TRIGGER',
        'IF',
        'NOT',
        'EXISTS',
        `t${id}`,
        'AFTER',
        'DELETE',
        'ON',
        'log',
        'WHEN',
        'CASE',
        'WHEN',
        '1',
        'THEN',
        '1',
        'END',
        'BEGIN',
        ...values.flatMap((given) => ['INSERT', 'INTO', 'log', 'VALUES', '(', given, ')', ';']),
        'END',
      ]),
  );

  test('gives the same when a script runs as a whole and piece by piece', () => {
    const run = (work: (database: Database.Database) => void) => {
      const fresh = new Database(':memory:');
      fresh.exec('CREATE TABLE log (value)');
      work(fresh);
      fresh.exec('DELETE FROM log WHERE rowid = 1');
      const found = [
        fresh.prepare('SELECT * FROM log').all(),
        fresh
          .prepare('SELECT name, sql FROM sqlite_schema UNION ALL SELECT name, sql FROM sqlite_temp_schema')
          .all(),
      ];
      fresh.close();
      return found;
    };
    fc.assert(
      fc.property(scriptOf(fc.oneof(insert, trigger)), (script) => {
        const whole = run((fresh) => fresh.exec(script));
        const pieces = run((fresh) => {
          for (const sql of sqls(script, 'sqlite')) fresh.prepare(sql).run();
        });
        expect(pieces).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });
});

describe('PostgreSQL’s own parser', () => {
  let client: pg.Client;
  beforeAll(async () => {
    client = new pg.Client(inject('postgresUrl'));
    client.on('error', () => undefined);
    await client.connect();
  });
  afterAll(() => client.end());

  /** How many commands the server completed; `undefined` when it refused. */
  const completed = async (script: string): Promise<number | undefined> => {
    try {
      const results: unknown = await client.query(script);
      const list = (Array.isArray(results) ? results : [results]) as readonly {
        readonly command: string | null;
      }[];
      return list.filter(({ command }) => command !== null).length;
    } catch {
      return undefined;
    } finally {
      await client.query('ROLLBACK');
    }
  };

  /** What the server says of a statement by itself: a prepared statement is never more than one. */
  const refusal = async (sql: string): Promise<string> => {
    try {
      await client.query({ text: sql, queryMode: 'extended' } as pg.QueryConfig);
      return '';
    } catch (error) {
      return (error as Error).message;
    } finally {
      await client.query('ROLLBACK');
    }
  };

  test('takes each piece of a hostile text for one statement at most', async () => {
    await fc.assert(
      fc.asyncProperty(hostileText, async (script) => {
        fc.pre(!script.includes('\0'));
        const statements = sqls(script, 'postgres');
        for (const sql of statements) expect(await refusal(sql)).not.toMatch(/multiple commands/);
        const commands = await completed(script);
        if (commands !== undefined) expect(statements).toHaveLength(commands);
      }),
      { numRuns: 1000 },
    );
  });

  const value = fc.oneof(
    text,
    fc.constantFrom(
      "E'a\\';b'",
      "e'\\\\'",
      "U&'d\\0061;'",
      "B'01'",
      "x'0a'",
      '$$a;b$$',
      '$é_1$;$$;$é_1$',
      "'a'\n  'b;'",
      "E'a' -- c;\n '\\';'",
      '(SELECT 1)',
      'CASE WHEN true THEN 2 ELSE 3 END',
      'ARRAY[1, 2]',
      '1 /* a; /* b; */ c; */',
      "N'a;'",
    ),
  );
  const name = fc.constantFrom('a', '"b;"', 'U&"c;"', '"it\'s"', 'd$$', '"end"', 'begin');
  const select = joined(fc.tuple(value, name).map(([given, column]) => ['SELECT', given, 'AS', column]));
  const block = joined(fc.constantFrom(['DO', '$do$', 'BEGIN', 'PERFORM', '1', ';', 'END', '$do$']));
  const standard = joined(
    fc
      .tuple(fc.constantFrom('', 'OR REPLACE'), fc.array(value, { minLength: 1, maxLength: 3 }))
      .map(([replace, values]) => [
        'CREATE',
        replace,
        'FUNCTION',
        'pg_temp.begin()',
        'RETURNS',
        'SETOF',
        'text',
        'BEGIN',
        'ATOMIC',
        ...values.flatMap((given) => [
          'SELECT',
          `CAST(${given}`,
          '::',
          'text',
          'AS',
          'text',
          ')',
          'end',
          ';',
        ]),
        'END',
      ]),
  );

  test('completes as many commands as there are pieces', async () => {
    await fc.assert(
      fc.asyncProperty(scriptOf(fc.oneof(select, block)), async (script) => {
        expect(await completed(script)).toBe(sqls(script, 'postgres').length);
      }),
      { numRuns: 300 },
    );
  });

  test('prepares each piece', async () => {
    await fc.assert(
      fc.asyncProperty(scriptOf(fc.oneof(select, block, standard)), async (script) => {
        for (const sql of sqls(script, 'postgres')) {
          const message = await refusal(sql);
          // a name may be taken, an array has another text
          if (!/already exists|cannot change|could not determine/.test(message))
            expect([sql, message]).toEqual([sql, '']);
        }
      }),
      { numRuns: 200 },
    );
  });
});
