import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { oneOfEach, type Place, server } from '../../../../test/support/engines.js';
import type { Engine } from '../../src/contract/engine.js';
import { openEngine } from '../../src/engines/open.js';
import { readBatched } from '../../src/migrations/batches/statement.js';
import { type BatchProgress, down, history, up } from '../../src/migrations/index.js';
import { splitStatements } from '../../src/sql/statements.js';
import { type System, system } from '../../src/system/system.js';
import { type Folder, makeFolder } from './folder.js';

const { engines } = oneOfEach(import.meta.url);

let place: Place;
let folder: Folder;
let engine: Engine;
let shop: System;

const fresh = async (newPlace: () => Promise<Place>): Promise<void> => {
  place = await newPlace();
  folder = await makeFolder();
  engine = await openEngine({ url: place.url, key: place.key });
  shop = system('shop', { tables: {}, migrations: folder.url });
};

const remove = async (): Promise<void> => {
  await engine.close();
  await place.remove();
  await folder.remove();
};

const query = (sql: string) => engine.asOwner((owner) => owner.run(sql));
const count = async (where: string): Promise<number> =>
  Number((await query(`SELECT count(*) AS n FROM notes WHERE ${where}`))[0]?.n);
const applied = async () => (await history(engine, shop)).map(({ step }) => step);

const numbers = (most: number): string =>
  `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${most})`;

/** A table with a key of two columns, in which every third row is done. */
const notes = (rows: number): string => `
  CREATE TABLE notes (part text NOT NULL, i integer NOT NULL, kind text, writes integer NOT NULL DEFAULT 0, PRIMARY KEY (part, i));
  INSERT INTO notes (part, i, kind) ${numbers(rows)}
  SELECT CASE WHEN i % 2 = 0 THEN 'it''s even' ELSE 'odd' END, i, CASE WHEN i % 3 = 0 THEN 'given' END FROM n;
`;

const fill = `-- ashlar: batches
UPDATE notes SET kind = 'none', writes = writes + 1 WHERE kind IS NULL;
CREATE INDEX notes_kind ON notes (kind);
`;

describe.each(engines)('a step in batches on $name', ({ name, place: newPlace }) => {
  beforeEach(() => fresh(newPlace));
  afterEach(remove);

  test('changes each row that its WHERE names once, batch by batch, and then runs its other statements', async () => {
    await folder.step('0001_notes', notes(7000), 'DROP TABLE notes;');
    await up(engine, shop);
    await folder.step('0002_fill', fill, 'DROP INDEX notes_kind;');
    const seen: BatchProgress[] = [];
    expect(await up(engine, shop, { onBatch: (progress) => seen.push(progress) })).toMatchObject([
      { step: '0002_fill' },
    ]);
    expect(await count("kind = 'none' AND writes = 1")).toBe(4667);
    expect(await count("kind = 'given' AND writes = 0")).toBe(2333);
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.map(({ done }) => done)).toEqual([...seen.map(({ done }) => done)].sort((a, b) => a - b));
    expect(seen.at(-1)).toEqual({ step: '0002_fill', table: 'notes', done: 4667, total: 4667 });
    expect(await down(engine, shop)).toMatchObject([{ step: '0002_fill' }]);
  });

  test('goes on with the rows that are left after it was interrupted', async () => {
    await folder.step('0001_notes', notes(7000), 'DROP TABLE notes;');
    await folder.step('0002_fill', fill);
    await up(engine, shop, { to: '1' });
    let batches = 0;
    const stop = (): void => {
      batches += 1;
      if (batches === 2) throw new Error('stopped');
    };
    await expect(up(engine, shop, { onBatch: stop })).rejects.toMatchObject({
      code: 'migration-failed',
      suggestion: expect.stringContaining('goes on with the rows that are left'),
    });
    const left = await count('kind IS NULL');
    expect(left).toBeLessThan(4667);
    expect(left).toBeGreaterThan(0);
    expect(await applied()).toEqual(['0001_notes']);
    const seen: BatchProgress[] = [];
    await up(engine, shop, { onBatch: (progress) => seen.push(progress) });
    expect(seen.at(-1)).toMatchObject({ done: left, total: left });
    expect(await count("kind = 'none' AND writes = 1")).toBe(4667);
    expect(await applied()).toEqual(['0001_notes', '0002_fill']);
  });

  test('a value that the table refuses ends it; the batches before remain', async () => {
    await folder.step(
      '0001_notes',
      `${notes(3000).replace('kind text', "kind text CHECK (kind <> 'odd 2999')")}`,
    );
    await folder.step(
      '0002_fill',
      `-- ashlar: batches\nUPDATE notes SET kind = part || ' ' || i WHERE kind IS NULL;`,
    );
    await expect(up(engine, shop)).rejects.toMatchObject({
      code: 'migration-failed',
      message:
        'Step 0002_fill failed at statement 1 (line 2 of up.' +
        (name.startsWith('sql') ? 'sqlite' : 'postgres') +
        '.sql).',
    });
    expect(await count('kind IS NULL')).toBeLessThan(2000);
    await query("UPDATE notes SET kind = 'other' WHERE part = 'odd' AND i = 2999");
    await up(engine, shop);
    expect(await count('kind IS NULL')).toBe(0);
  });

  test('DELETE runs in batches, too', async () => {
    await folder.step('0001_notes', notes(3000));
    await folder.step(
      '0002_purge',
      `-- ashlar: batches\nDELETE FROM "notes" WHERE kind IS NULL AND (i > 5 OR i < 3);`,
    );
    await up(engine, shop);
    expect(await count('true')).toBe(1002);
  });

  test('a WHERE that stays true is found in the first batch', async () => {
    await folder.step('0001_notes', notes(30));
    await folder.step('0002_fill', '-- ashlar: batches\nUPDATE notes SET kind = NULL WHERE kind IS NULL;');
    await expect(up(engine, shop)).rejects.toMatchObject({
      code: 'migration-failed',
      detail: expect.stringContaining('for which its WHERE is still true'),
    });
    expect(await applied()).toEqual(['0001_notes']);
  });

  test('a table without a primary key, and a statement that has no place for a batch, are refused', async () => {
    await folder.step('0001_plain', 'CREATE TABLE plain (a integer);');
    await folder.step('0002_fill', '-- ashlar: batches\nUPDATE plain SET a = 1 WHERE a IS NULL;');
    await expect(up(engine, shop)).rejects.toMatchObject({
      code: 'migration-failed',
      detail: expect.stringContaining('plain has no primary key'),
    });
    await folder.step('0002_fill', '-- ashlar: batches\nUPDATE plain SET a = 1;');
    await expect(up(engine, shop)).rejects.toMatchObject({
      code: 'migration-invalid',
      message: expect.stringContaining('cannot be run in batches'),
    });
  });

  test('is a plain statement where schemas are compared', async () => {
    await folder.step('0001_notes', notes(30), 'DROP TABLE notes;');
    await folder.step('0002_fill', fill, 'DROP INDEX notes_kind;');
    await up(engine, shop);
    const { drift } = await import('../../src/migrations/index.js');
    expect(await drift(engine, shop)).toEqual([]);
  });
});

describe.each(server)('a step in batches beside sessions on $name', ({ place: newPlace }) => {
  let session: pg.Client;
  beforeEach(async () => {
    await fresh(newPlace);
    session = new pg.Client(place.url);
    await session.connect();
    await folder.step('0001_notes', notes(3000));
    await folder.step('0002_fill', "-- ashlar: batches\nUPDATE notes SET kind = 'none' WHERE kind IS NULL;");
    await up(engine, shop, { to: '1' });
  });
  afterEach(async () => {
    await session.end();
    await remove();
  });

  test('does not wait for a row that a session has locked, and changes it when it is free', async () => {
    await session.query("BEGIN; UPDATE notes SET writes = 7 WHERE part = 'odd' AND i IN (1, 2999)");
    let done = 0;
    const running = up(engine, shop, { onBatch: (progress) => (done = progress.done) });
    while (done < 1998) await pause(5);
    expect(await count('kind IS NULL')).toBe(2);
    // no row that the session wants is locked by the step
    await session.query(
      "SET lock_timeout = 50; UPDATE notes SET writes = 7 WHERE part = 'odd' AND i = 5; COMMIT",
    );
    await running;
    expect(await count('kind IS NULL')).toBe(0);
    expect(await count("kind = 'none' AND writes = 7")).toBe(3);
  });
});

describe('the statements of a step in batches', () => {
  const read = (sql: string) => {
    const [statement] = splitStatements(`-- first\n\n${sql};\nSELECT 1;`, 'postgres');
    return statement && readBatched(statement);
  };

  test.each([
    ['UPDATE notes SET a = 1 WHERE a IS NULL', 'notes', 'UPDATE notes SET a = 1', 'a IS NULL'],
    ['DELETE FROM Notes WHERE a OR b', 'notes', 'DELETE FROM Notes', 'a OR b'],
    [
      'UPDATE "My notes" SET a = (SELECT max(b) FROM c WHERE d) WHERE a IS DISTINCT FROM 1',
      'My notes',
      'UPDATE "My notes" SET a = (SELECT max(b) FROM c WHERE d)',
      'a IS DISTINCT FROM 1',
    ],
    [
      "UPDATE notes SET a = ' WHERE ' -- WHERE\n WHERE a IN (SELECT a FROM b ORDER BY 1 LIMIT 2)",
      'notes',
      "UPDATE notes SET a = ' WHERE ' -- WHERE",
      'a IN (SELECT a FROM b ORDER BY 1 LIMIT 2)',
    ],
  ])('%s', (sql, table, head, condition) => {
    expect(read(sql)).toEqual({ table, head, condition });
  });

  test.each([
    'UPDATE notes SET a = 1',
    'UPDATE notes n SET a = 1 WHERE a IS NULL',
    'UPDATE notes AS n SET a = 1 WHERE a IS NULL',
    'UPDATE ONLY notes SET a = 1 WHERE a IS NULL',
    'UPDATE public.notes SET a = 1 WHERE a IS NULL',
    'UPDATE OR IGNORE notes SET a = 1 WHERE a IS NULL',
    'UPDATE notes SET a = b.a FROM b WHERE b.id = notes.id',
    'UPDATE notes SET a = 1 WHERE a IS NULL RETURNING a',
    'UPDATE notes SET a = 1 WHERE a IS NULL ORDER BY a LIMIT 3',
    'UPDATE notes SET a = 1 WHERE CURRENT OF c',
    'UPDATE notes SET a = 1 WHERE',
    'DELETE FROM notes',
    'DELETE FROM notes USING b WHERE b.id = notes.id',
    'WITH x AS (SELECT 1) UPDATE notes SET a = 1 WHERE a IS NULL',
    'INSERT INTO notes SELECT 1',
  ])('%s is refused', (sql) => {
    expect(read(sql)).toBeUndefined();
  });
});
