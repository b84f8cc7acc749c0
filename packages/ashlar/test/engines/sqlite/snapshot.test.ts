import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import Database from 'better-sqlite3-multiple-ciphers';
import { describe, expect, test } from 'vitest';
import type { Engine } from '../../../src/contract/engine.js';
import type { Snapshot } from '../../../src/contract/snapshot.js';
import { readFileElsewhere } from '../../../src/engines/sqlite/snapshot/read-file.js';
import { failure, otherProcess, script, workplace } from './support.js';

const { file, open, folder } = workplace();

const bytesOf = (snapshot: Snapshot): Promise<Buffer> => buffer(snapshot.copy());

const copyTo = async (engine: Engine, path: string): Promise<void> =>
  engine.snapshot((snapshot) => pipeline(snapshot.copy(), createWriteStream(path)));

// two tables that each transaction changes alike, and many rewritten pages
const tables =
  'CREATE TABLE a (id INTEGER PRIMARY KEY, body BLOB); CREATE TABLE b (n INTEGER); INSERT INTO b VALUES (0)';
const writing = `
  db.pragma('journal_mode = WAL'); db.pragma('synchronous = OFF'); db.pragma('wal_autocheckpoint = 20'); db.pragma('busy_timeout = 10000');
  const insert = db.prepare('INSERT OR REPLACE INTO a VALUES (abs(random()) % 3000, randomblob(abs(random()) % 2000))');
  const count = db.prepare('UPDATE b SET n = (SELECT count(*) FROM a)');
  const step = db.transaction(() => { insert.run(); insert.run(); count.run(); });
  const go = () => { const end = Date.now() + 15; while (Date.now() < end) step.immediate(); setImmediate(go); };
  setImmediate(go);`;

const manyRows = (count: number): string =>
  `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) INSERT OR REPLACE INTO a SELECT i, randomblob(1000) FROM n;
   UPDATE b SET n = (SELECT count(*) FROM a)`;

const isWhole = (path: string): boolean => {
  try {
    const copy = new Database(path, { readonly: false });
    try {
      if (copy.pragma('integrity_check', { simple: true }) !== 'ok') return false;
      return copy.prepare('SELECT n = (SELECT count(*) FROM a) FROM b').pluck().get() === 1;
    } finally {
      copy.close();
    }
  } catch {
    return false;
  }
};

describe('a snapshot', () => {
  test('does not change while others write and checkpoint', async () => {
    const path = file();
    const engine = await open({ path });
    await script(engine, 'CREATE TABLE t (x); INSERT INTO t VALUES (1)');
    await engine.snapshot(async (snapshot) => {
      await script(engine, 'INSERT INTO t VALUES (2)');
      expect(await snapshot.read('SELECT x FROM t')).toEqual([{ x: 1 }]);
      const bytes = await bytesOf(snapshot);
      expect(bytes.length).toBe(snapshot.size);
      await script(engine, 'PRAGMA wal_checkpoint(TRUNCATE)');
      expect(
        createHash('sha256')
          .update(await bytesOf(snapshot))
          .digest('hex'),
      ).toBe(createHash('sha256').update(bytes).digest('hex'));
    });
    await script(engine, 'PRAGMA wal_checkpoint(TRUNCATE)');
    await engine.snapshot(async (snapshot) => {
      expect(await snapshot.read('SELECT x FROM t')).toEqual([{ x: 1 }, { x: 2 }]);
    });
  });

  test('is consistent while other processes write without pause; without its transaction it is not', async () => {
    const path = file();
    const engine = await open({ path });
    await script(engine, tables);
    const writers = [await otherProcess(path, writing), await otherProcess(path, writing)];
    try {
      await new Promise((resolve) => setTimeout(resolve, 300));
      for (let n = 0; n < 16; n++) {
        const copy = join(folder(), 'copy.db');
        // every second time an older reader keeps the log from being checkpointed
        const old = n % 2 ? await engine.begin({ mode: 'read', actor: null, scope: null }) : undefined;
        await old?.execute('SELECT count(*) FROM a', []);
        await new Promise((resolve) => setTimeout(resolve, 20));
        await copyTo(engine, copy);
        await old?.commit();
        expect(isWhole(copy)).toBe(true);
      }
      let torn = 0;
      const { dev, ino } = statSync(path, { bigint: true });
      for (let n = 0; n < 200 && torn === 0; n++) {
        const copy = join(folder(), 'copy.db');
        const pages = await engine.snapshot(async ({ size = 0 }) => size / 4096);
        const snapshot = { path, identity: `${dev}:${ino}`, pages, pageSize: 4096, frames: 0 };
        await pipeline(readFileElsewhere(snapshot), createWriteStream(copy));
        if (!isWhole(copy)) torn++;
      }
      expect(torn).toBe(1);
    } finally {
      for (const writer of writers) await writer.end();
    }
  });

  test('does not wait for older readers: pages that they keep in the log are read from there', async () => {
    const key = randomBytes(32).toString('hex');
    for (const given of [undefined, key]) {
      const encrypted = given !== undefined;
      const path = file();
      const engine = await open({ path, encrypted, key: given });
      await script(engine, tables);
      const old = await engine.begin({ mode: 'read', actor: null, scope: null });
      await old.execute('SELECT count(*) FROM a', []);
      await script(engine, manyRows(300));
      const copy = join(folder(), 'copy.db');
      await engine.snapshot(async (snapshot) => {
        // changes that the snapshot must not contain
        await script(engine, `${manyRows(500)}; PRAGMA wal_checkpoint(PASSIVE)`);
        await pipeline(snapshot.copy(), createWriteStream(copy));
        expect(await snapshot.count('a')).toBe(300);
      });
      expect((await old.execute('SELECT count(*) AS n FROM a', [])).rows).toEqual([{ n: 0 }]);
      await old.commit();
      const copied = await open({ path: copy, encrypted, key: given });
      await copied.asOwner(async ({ run }) => {
        expect(await run('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
        expect(await run('SELECT n, (SELECT count(*) FROM a) AS rows FROM b')).toEqual([
          { n: 300, rows: 300 },
        ]);
      });
    }
  });

  test('counts the rows of every kind of table', async () => {
    const engine = await open();
    await script(
      engine,
      `CREATE TABLE t (x); CREATE TABLE w (x PRIMARY KEY) WITHOUT ROWID; CREATE TABLE none (x);
       INSERT INTO t (rowid, x) VALUES (-9223372036854775808, 0), (9223372036854775807, 0);
       INSERT INTO t (rowid, x) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT i * 3, i FROM n;
       INSERT INTO w VALUES (1), (2)`,
    );
    await engine.snapshot(async (snapshot) => {
      expect(await snapshot.count('t')).toBe(100_002);
      expect(await snapshot.count('w')).toBe(2);
      expect(await snapshot.count('none')).toBe(0);
    });
  });

  test('keeps the locks of the process that copies', async () => {
    const path = file();
    const engine = await open({ path });
    await script(engine, 'CREATE TABLE t (x)');
    const transaction = await engine.snapshot(async (snapshot) => {
      const writing = await engine.begin({ mode: 'write', actor: null, scope: null });
      await writing.execute('INSERT INTO t VALUES (1)', []);
      await bytesOf(snapshot);
      return writing;
    });
    // a second writer, before the first has committed
    const second = await otherProcess(
      path,
      `db.pragma('busy_timeout = 0');
       setTimeout(() => {
         let output = 'got in';
         try { db.exec('BEGIN IMMEDIATE'); } catch (error) { output = error.code; }
         console.log(output);
       }, 100);`,
    );
    const output = await nextLine(second.process);
    expect(output).toBe('SQLITE_BUSY');
    await transaction.commit();
    await second.end();
  });

  test('reports why it cannot be taken', async () => {
    const memory = await open({ path: ':memory:' });
    await failure('usage', () => memory.snapshot(async () => undefined));
    const path = file();
    const engine = await open({ path });
    await script(engine, 'CREATE TABLE t (x)');
    const other = file();
    await script(await open({ path: other }), 'CREATE TABLE t (x)');
    await failure('state-conflict', () =>
      engine.snapshot((snapshot) => {
        renameSync(other, path);
        return bytesOf(snapshot);
      }),
    );
    expect(readFileSync(path).length).toBeGreaterThan(0);
  });

  test('fails if the log lacks one of its frames', async () => {
    const path = file();
    const engine = await open({ path });
    await script(engine, 'CREATE TABLE t (x)');
    const { dev, ino } = statSync(path, { bigint: true });
    const snapshot = { path, identity: `${dev}:${ino}`, pages: 2, pageSize: 4096, frames: 1_000 };
    const { detail } = await failure('statement-failed', () => buffer(readFileElsewhere(snapshot)));
    expect(detail).toMatch(/^The log (ends too early|was restarted)\.$/);
  });

  test('ends with its engine: later reads and copies fail, and the locks of the file stay', async () => {
    const path = file();
    const engine = await open({ path, lockTimeout: 50 });
    await script(engine, `${tables}; ${manyRows(5_000)}`);
    const taken = engine.snapshot(async (snapshot) => {
      const copy = snapshot.copy();
      await once(copy, 'readable');
      await engine.close();
      await failure('database-closed', () => snapshot.count('a'));
      await failure('database-closed', () => buffer(copy));
    });
    await taken;
    // a connection that opens the file again keeps its locks: another process that closes does not remove the log
    const again = await open({ path });
    const { rows } = await again.read('SELECT count(*) AS n FROM a', []);
    expect(rows).toEqual([{ n: 5_000 }]);
    const guest = await otherProcess(path, `db.prepare('SELECT count(*) FROM a').get(); db.close();`);
    await guest.end();
    expect(existsSync(`${path}-wal`)).toBe(true);
  });

  test('does not wait for its reader, and leaves no process behind', async () => {
    const engine = await open();
    await script(engine, 'CREATE TABLE t (x); INSERT INTO t VALUES (randomblob(2000000))');
    const stream = await engine.snapshot(async (snapshot) => snapshot.copy());
    expect(stream.destroyed).toBe(true);
    if (!stream.closed) await once(stream, 'close').catch(() => undefined);
    await engine.close();
  });
});

const nextLine = (child: { stdout: NodeJS.ReadableStream | null }): Promise<string> =>
  new Promise((resolve) => child.stdout?.once('data', (text: Buffer) => resolve(text.toString().trim())));
