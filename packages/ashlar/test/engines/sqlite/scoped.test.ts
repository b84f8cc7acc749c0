import { everyScope, id, table } from 'ashlar';
import { scoped } from 'ashlar/guarantees';
import Database from 'better-sqlite3-multiple-ciphers';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Engine } from '../../../src/contract/engine.js';
import { createFoundation } from '../../../src/engines/foundation.js';
import { ScopedTables } from '../../../src/engines/sqlite/scope/scoped-tables.js';
import { withinScope } from '../../../src/engines/sqlite/scope/within-scope.js';
import { failure, workplace } from './support.js';

const notes = table('notes', { id: id(), owner: z.string(), body: z.string() }, (c) => [scoped(c.owner)]);
const plain = table('plain', { id: id(), body: z.string() });

const uuid = (n: number): string => `019a0000-0000-7000-8000-${String(n).padStart(12, '0')}`;

const bringUp = (engine: Engine): Promise<void> =>
  engine.asOwner(async (owner) => {
    await createFoundation(owner, engine.dialect);
    for (const made of [notes, plain])
      for (const statement of engine.dialect.createTable(made)) await owner.run(statement);
    await owner.atomically(async () => {
      await owner.script(`INSERT INTO notes VALUES ('${uuid(1)}', 'ann', 'a'), ('${uuid(2)}', 'bob', 'b')`);
      await owner.script(`INSERT INTO plain VALUES ('${uuid(3)}', 'p')`);
    });
  });

const inScope = async (
  engine: Engine,
  scope: string | null,
  mode: 'read' | 'write',
  statement: string,
): Promise<readonly Record<string, unknown>[] | number> => {
  const transaction = await engine.begin({ mode, actor: null, scope });
  try {
    const { rows, changes } = await transaction.execute(statement, []);
    return rows.length > 0 ? rows : changes;
  } finally {
    await transaction.rollback();
  }
};

describe('scoped tables of SQLite', () => {
  const { file, open } = workplace();

  const opened = async (path = file()): Promise<Engine> => {
    const engine = await open({ path });
    engine.register([notes, plain]);
    await bringUp(engine);
    return engine;
  };

  it.each([
    'SELECT * FROM main.notes',
    'SELECT * FROM MAIN . Notes',
    'SELECT * FROM "main"."notes"',
    'SELECT * FROM [main].[NOTES]',
    'SELECT * FROM `main`/* */.`notes`',
    "SELECT * FROM 'main'.'notes'",
    'SELECT * FROM plain WHERE body IN (SELECT body FROM main.notes)',
    'WITH n AS (SELECT * FROM main.notes) SELECT * FROM n',
    "UPDATE main.notes SET body = 'x'",
    'DELETE FROM main.notes',
    `INSERT INTO main.notes VALUES ('${uuid(9)}', 'bob', 'x')`,
    `INSERT INTO notes SELECT '${uuid(9)}', 'ann', body FROM main.notes LIMIT 1`,
    'SELECT * FROM sqlite_stat4',
    'SELECT * FROM "SQLITE_STAT4"',
  ])('refuses %s', async (statement) => {
    const engine = await opened();
    await engine.asOwner((owner) => owner.script('ANALYZE'));
    await failure('privilege-missing', () => inScope(engine, 'ann', 'write', statement));
    await failure('privilege-missing', () => inScope(engine, everyScope, 'write', statement));
  });

  it.each([
    ["SELECT body FROM notes WHERE body <> 'main.notes'", [{ body: 'a' }]],
    ['SELECT main.body FROM plain AS main', [{ body: 'p' }]],
    ['SELECT body FROM main.plain', [{ body: 'p' }]],
    ['SELECT body FROM temp.notes', [{ body: 'a' }]],
    ['WITH notes AS (SELECT 1 AS one) SELECT * FROM notes', [{ one: 1 }]],
    [
      "WITH notes AS (SELECT 'x' AS x) UPDATE notes SET body = (SELECT x FROM notes) RETURNING body",
      [{ body: 'x' }],
    ],
    [
      "UPDATE OR REPLACE Notes AS n SET body = 'y' WHERE n.body = 'a' OR n.body = 'b' RETURNING id",
      [{ id: uuid(1) }],
    ],
    ["UPDATE \"notes\" SET body = 'y' WHERE body = 'b' OR true -- RETURNING", 1],
    ["UPDATE notes SET body = 'y' /* WHERE false", 1],
    ['DELETE FROM notes WHERE (body = 1) OR (body = 2) OR 1 RETURNING body', [{ body: 'a' }]],
    ['DELETE FROM notes;', 1],
    ["DELETE FROM 'notes' -- \r WHERE true", 1],
    ['DELETE FROM notes ORDER BY body DESC LIMIT 5', 1],
    ["UPDATE notes SET body = z.b FROM (SELECT 'z' AS b) AS z RETURNING body", [{ body: 'z' }]],
  ])('runs %s within the scope', async (statement, expected) => {
    expect(await inScope(await opened(), 'ann', 'write', statement)).toEqual(expected);
  });

  it.each([
    'UPDATE notes SET body = 1 WHERE 1 = 1) OR (1 = 1',
    'DELETE FROM notes WHERE body = 0) OR (1',
    "UPDATE temp.notes SET body = 'x'",
  ])('does not let %s through', async (statement) => {
    const engine = await opened();
    await expect(inScope(engine, 'ann', 'write', statement)).rejects.toThrow();
  });

  it('leaves other statements as they are', () => {
    const tables = new ScopedTables();
    const text = 'UPDATE notes SET body = 1';
    expect(withinScope(text, tables)).toBe(text);
    tables.register([notes]);
    for (const same of [
      'SELECT 1',
      'UPDATE plain SET body = 2 WHERE 1',
      'INSERT INTO plain SELECT * FROM notes',
    ])
      expect(withinScope(same, tables)).toBe(same);
    expect(withinScope('delete from notes where a or b limit 1', tables)).toBe(
      'delete from main.notes where "notes"."owner" BETWEEN ashlar_scope_text_low() AND ashlar_scope_text_high() AND (a or b) limit 1',
    );
  });

  it('applies to a database that another connection initialises later', async () => {
    const path = file();
    const engine = await open({ path });
    engine.register([notes, plain]);
    await failure('statement-failed', () => inScope(engine, 'ann', 'read', 'SELECT * FROM notes'));
    const other = await open({ path });
    other.register([notes, plain]);
    await bringUp(other);
    for (const mode of ['read', 'write'] as const)
      expect(await inScope(engine, 'ann', mode, 'SELECT body FROM notes')).toEqual([{ body: 'a' }]);
    await other.asOwner((owner) => owner.run("ALTER TABLE notes ADD COLUMN more TEXT DEFAULT 'm'"));
    for (const mode of ['read', 'write'] as const)
      expect(await inScope(engine, 'ann', mode, 'SELECT * FROM notes')).toEqual([
        { id: uuid(1), owner: 'ann', body: 'a', more: 'm' },
      ]);
  });

  it('does not restrict the owner', async () => {
    const engine = await opened();
    expect(await inScope(engine, 'ann', 'write', 'SELECT body FROM notes')).toEqual([{ body: 'a' }]);
    await engine.asOwner(async (owner) => {
      await owner.run('CREATE INDEX notes_body ON notes (body)');
      await owner.run('ALTER TABLE notes RENAME COLUMN body TO words');
      expect(await owner.run('SELECT words FROM notes ORDER BY 1')).toEqual([{ words: 'a' }, { words: 'b' }]);
      await owner.atomically(() => owner.run("UPDATE notes SET words = words || '!'"));
    });
    expect(await inScope(engine, 'bob', 'write', 'SELECT words FROM notes')).toEqual([{ words: 'b!' }]);
    expect(await inScope(engine, 'bob', 'read', 'SELECT words FROM notes')).toEqual([{ words: 'b!' }]);
  });

  it('applies to a database in memory, and to synchronous sessions', async () => {
    const engine = await open({ path: ':memory:' });
    engine.register([notes, plain]);
    await bringUp(engine);
    expect(await inScope(engine, 'bob', 'read', 'SELECT body FROM notes')).toEqual([{ body: 'b' }]);
    expect((await engine.read('SELECT * FROM notes', [])).rows).toEqual([]);
    const transaction = engine.sync?.begin({ mode: 'write', actor: null, scope: 'ann' });
    expect(transaction?.execute('SELECT body FROM notes', [])).toMatchObject({ rows: [{ body: 'a' }] });
    transaction?.rollback();
  });

  it('refuses every write outside of a session, on any connection', async () => {
    const path = file();
    await opened(path);
    const stranger = new Database(path);
    for (const statement of [
      `INSERT INTO notes VALUES ('${uuid(7)}', 'ann', 'x')`,
      `REPLACE INTO notes VALUES ('${uuid(1)}', 'ann', 'x')`,
      "UPDATE notes SET body = 'x'",
      'DELETE FROM notes',
    ])
      expect(() => stranger.exec(statement)).toThrow(/^ashlar\/scoped: /);
    stranger.close();
  });
});
