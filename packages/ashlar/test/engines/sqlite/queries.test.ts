import { DummyDriver, Kysely, SqliteIntrospector } from 'kysely';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Engine } from '../../../src/contract/engine.js';
import { kyselyOfSqlite as parts } from '../../../src/engines/sqlite/query/kysely.js';
import { autoincrement, bytes, json, references, table } from '../../../src/model/index.js';
import { create, failure, noContext, rows, script, workplace, write } from './support.js';

const { open } = workplace();

const authors = table('authors', {
  id: autoincrement(),
  name: z.string(),
  active: z.boolean(),
  tags: z.array(z.string()),
});
const books = table(
  'books',
  {
    id: autoincrement(),
    author_id: z.int(),
    active: z.int(),
    cover: bytes().nullable(),
    meta: json(z.json()),
    extra: z.record(z.string(), z.json()).nullable(),
  },
  (c) => [references(c.author_id, authors.columns.id)],
);

const library = async (): Promise<Engine> => {
  const engine = await open();
  await create(engine, [authors, books]);
  await write(engine, async (t) => {
    await t.execute('INSERT INTO authors (name, active, tags) VALUES (?, ?, ?)', ['Ada', true, ['x', 'y']]);
    await t.execute('INSERT INTO books (author_id, active, cover, meta) VALUES (1, 7, ?, ?)', [
      new Uint8Array([1, 2, 3]),
      { deep: [null, true] },
    ]);
  });
  return engine;
};

test('a row has each name once, with the value of the later column, whatever the names are', async () => {
  const engine = await library();
  const [row] = await rows(engine, 'SELECT 1 AS "a\'b", 2 AS b, 3 AS b, 4 AS "\\\n"');
  expect(row).toEqual({ "a'b": 1, b: 3, '\\\n': 4 });
  const [odd] = await rows(engine, 'SELECT 1 AS "__proto__", 2 AS b, NULL AS "toString"');
  expect(Object.entries(odd ?? {})).toContainEqual(['b', 2]);
  expect(Object.getPrototypeOf(odd)).toBe(Object.prototype);
  expect(await rows(engine, 'SELECT 1 AS n WHERE false')).toEqual([]);
});

describe('results are decoded by the origin of each column', () => {
  test('through joins, aliases, subqueries, RETURNING and views', async () => {
    const engine = await library();
    const found = await rows(
      engine,
      `SELECT a.active, b.active AS copies, a.tags AS labels, b.cover, b.meta, b.extra, (SELECT active FROM authors) AS sub,
              count(*) AS n, a.tags || '' AS text
       FROM books AS b JOIN authors AS a ON a.id = b.author_id`,
    );
    expect(found).toEqual([
      {
        active: true,
        copies: 7,
        labels: ['x', 'y'],
        cover: new Uint8Array([1, 2, 3]),
        meta: { deep: [null, true] },
        extra: null,
        sub: true,
        n: 1,
        text: '["x","y"]',
      },
    ]);
    expect(found[0]?.cover).not.toBeInstanceOf(Buffer);
    const updated = await write(engine, (t) =>
      t.execute('UPDATE authors SET active = ? RETURNING active AS now', [false]),
    );
    expect(updated).toEqual({ rows: [{ now: false }], changes: 1 });
    await script(engine, 'CREATE VIEW seen AS SELECT active AS is_active FROM authors');
    expect(await rows(engine, 'SELECT * FROM seen')).toEqual([{ is_active: false }]);
  });

  test('of two result columns with the same name, the last one is returned', async () => {
    const engine = await library();
    expect(await rows(engine, 'SELECT a.active, b.active FROM authors a, books b')).toEqual([{ active: 7 }]);
    expect(await rows(engine, 'SELECT b.active, a.active FROM authors a, books b')).toEqual([
      { active: true },
    ]);
  });

  test('a stored value that its column does not allow is an error', async () => {
    const engine = await open();
    await script(
      engine,
      'CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT, active INTEGER, tags TEXT)',
    );
    engine.register([authors]);
    await script(engine, "INSERT INTO authors VALUES (1, 'x', 2, '[]'), (2, 'x', 1, '[')");
    const error = await failure('value-corrupt', () =>
      engine.read('SELECT active FROM authors WHERE id = 1', []),
    );
    expect(error.message).toContain('authors.active');
    await failure('value-corrupt', () => engine.read('SELECT tags FROM authors WHERE id = 2', []));
  });
});

describe('parameters', () => {
  test.each([
    ['a Date', new Date(0), 'value-invalid'],
    ['undefined', undefined, 'value-invalid'],
    ['NaN', Number.NaN, 'value-invalid'],
    ['a Map', new Map(), 'value-invalid'],
    ['a function', () => 1, 'value-invalid'],
    ['an object that holds a bigint', { a: 1n }, 'value-invalid'],
    ['text with NUL', 'a\0b', 'value-unstorable'],
    ['text with a lone surrogate', 'a\ud800', 'value-unstorable'],
    ['JSON with NUL', { a: ['\0'] }, 'value-unstorable'],
    ['JSON with a lone surrogate in a key', { '\udfff': 1 }, 'value-unstorable'],
  ] as const)('%s is refused', async (_, value, code) => {
    const engine = await library();
    const error = await failure(code, () => engine.read('SELECT ? AS value', [value]));
    expect(error.suggestion).toBeDefined();
  });

  test('text that looks like a JSON escape is stored unchanged', async () => {
    const engine = await open();
    const given = { path: 'C:\\u0000', both: '\\\\u0000', emoji: '🪨' };
    const [row] = await rows(engine, 'SELECT ? AS value', [given]);
    expect(JSON.parse(String(row?.value))).toEqual(given);
  });

  test('the array of the caller is not changed', async () => {
    const engine = await open();
    const given = Object.freeze([true, null, 'x']);
    expect(await rows(engine, 'SELECT ? AS a, ? AS b, ? AS c', given)).toEqual([{ a: 1, b: null, c: 'x' }]);
  });

  test('values are encoded by their column', async () => {
    const engine = await open();
    const { meta, extra } = books.columns;
    expect(engine.encode(meta, null)).toBe('null');
    expect(engine.encode(extra, null)).toBe(null);
    expect(engine.encode(meta, 'text')).toBe('"text"');
    expect(engine.encode(authors.columns.active, true)).toBe(1);
    expect(engine.encode(authors.columns.name, 'Ada')).toBe('Ada');
  });
});

describe('cached statements', () => {
  test('follow a schema change, on every connection', async () => {
    const engine = await library();
    const all = 'SELECT * FROM authors';
    const reader = () => rows(engine, all);
    const writer = () => write(engine, async (t) => (await t.execute(all, [])).rows);
    for (const read of [reader, writer])
      expect(await read()).toEqual([{ id: 1, name: 'Ada', active: true, tags: ['x', 'y'] }]);
    const renamed = table('authors', {
      id: autoincrement(),
      title: z.string(),
      active: z.boolean(),
      tags: z.array(z.string()),
      purged: z.boolean(),
    });
    await script(
      engine,
      'ALTER TABLE authors RENAME COLUMN name TO title; ALTER TABLE authors ADD COLUMN purged INTEGER NOT NULL DEFAULT 0',
    );
    engine.register([renamed]);
    for (const read of [reader, writer]) {
      expect(await read()).toEqual([{ id: 1, title: 'Ada', active: true, tags: ['x', 'y'], purged: false }]);
    }
  });

  test('still run when there are more than the cache holds', async () => {
    const engine = await open();
    for (let i = 0; i < 1200; i++) expect((await rows(engine, `SELECT ${i} AS n`))[0]?.n).toBe(i);
    expect(await rows(engine, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
  });
});

describe('streams', () => {
  const count = 5000;
  const numbers = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) SELECT i FROM n`;

  test('return decoded rows one by one, and can be ended early', async () => {
    const engine = await library();
    const transaction = await engine.begin({ mode: 'read', ...noContext });
    for await (const row of transaction.stream(`SELECT a.tags FROM authors a, (${numbers})`, [], 100)) {
      expect(row).toEqual({ tags: ['x', 'y'] });
      break;
    }
    await transaction.commit();
  });

  test('return the rows from their start, while other statements write', async () => {
    const engine = await open();
    await script(engine, 'CREATE TABLE t (i INTEGER PRIMARY KEY) STRICT');
    const seen = await write(engine, async (t) => {
      await t.execute(`INSERT INTO t ${numbers}`, []);
      let rowsSeen = 0;
      for await (const { i } of t.stream('SELECT i FROM t ORDER BY i', [], 100)) {
        rowsSeen++;
        await t.savepoint('a');
        await t.execute('DELETE FROM t WHERE i = ?', [i]);
        await t.release('a');
      }
      return rowsSeen;
    });
    expect(seen).toBe(count);
    expect(await rows(engine, 'SELECT count(*) AS n FROM t')).toEqual([{ n: 0 }]);
  });

  test('can be open two at a time', async () => {
    const engine = await library();
    const transaction = await engine.begin({ mode: 'read', ...noContext });
    const pairs: unknown[] = [];
    for await (const a of transaction.stream('SELECT 1 AS x UNION ALL SELECT 2', [], 10)) {
      for await (const b of transaction.stream('SELECT 3 AS x UNION ALL SELECT 4', [], 10))
        pairs.push([a.x, b.x]);
    }
    expect(pairs).toEqual([
      [1, 3],
      [1, 4],
      [2, 3],
      [2, 4],
    ]);
    await transaction.commit();
  });

  test('end with their transaction', async () => {
    const engine = await library();
    const transaction = await engine.begin({ mode: 'write', ...noContext });
    const stream = transaction.stream(numbers, [], 10)[Symbol.asyncIterator]();
    await stream.next();
    await transaction.commit();
    await failure('session-ended', () => stream.next());
    await failure('session-ended', () => transaction.execute('SELECT 1', []));
    await failure('session-ended', () => transaction.commit());
  });
});

describe('writes', () => {
  test('insertMany inserts many rows', async () => {
    const engine = await library();
    const columns = [authors.columns.name, authors.columns.active, authors.columns.tags];
    const given = Array.from({ length: 1000 }, (_, i) => [`a${i}`, i % 2, '[]']);
    expect(await write(engine, (t) => t.insertMany(authors, columns, given))).toBe(1000);
    expect(await rows(engine, 'SELECT count(*) AS n, sum(active) AS m FROM authors')).toEqual([
      { n: 1001, m: 501 },
    ]);
  });

  test('savepoints are rolled back alone', async () => {
    const engine = await library();
    await write(engine, async (t) => {
      await t.savepoint('one');
      await t.execute("UPDATE authors SET name = 'x'", []);
      await t.rollbackTo('one');
      await t.release('one');
      await t.savepoint('two');
      await t.execute("UPDATE authors SET name = name || '!'", []);
      await t.release('two');
    });
    expect(await rows(engine, 'SELECT name FROM authors')).toEqual([{ name: 'Ada!' }]);
  });

  test('changes are counted, with and without RETURNING', async () => {
    const engine = await library();
    await write(engine, async (t) => {
      expect(await t.execute('UPDATE authors SET active = 1', [])).toEqual({ rows: [], changes: 1 });
      expect((await t.execute('SELECT * FROM authors', [])).changes).toBe(0);
      expect((await t.execute('DELETE FROM books RETURNING id', [])).changes).toBe(1);
    });
  });
});

test('Kysely compiles no row locks', () => {
  const kysely = new Kysely<{ jobs: { id: number } }>({
    dialect: {
      createAdapter: () => parts.adapter(),
      createQueryCompiler: () => parts.compiler(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new SqliteIntrospector(db),
    },
  });
  const locked = kysely.selectFrom('jobs').selectAll().limit(1).forUpdate().skipLocked();
  expect(locked.compile().sql).toBe('select * from "jobs" limit ?');
  const inner = kysely
    .deleteFrom('jobs')
    .where('id', 'in', kysely.selectFrom('jobs').select('id').distinct().forNoKeyUpdate().noWait());
  expect(inner.compile().sql).toBe('delete from "jobs" where "id" in (select distinct "id" from "jobs")');
});
