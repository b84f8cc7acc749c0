import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { failure, noContext, otherProcess, rows, script, workplace, write } from './support.js';

const { file, folder, open } = workplace();

const manyRows = `CREATE TABLE t (x INTEGER) STRICT;
  INSERT INTO t WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i FROM n`;

/** A file with 5,000 rows, made and closed by another process. */
const otherFile = async (): Promise<string> => {
  const path = file();
  const other = await otherProcess(path, `db.exec(${JSON.stringify(manyRows)}); db.close();`);
  await other.end();
  return path;
};

/** How another process, without Ashlar, finds a file. */
const seenElsewhere = (path: string): unknown => {
  const code = `const Database = require('better-sqlite3-multiple-ciphers'); const db = new Database(${JSON.stringify(path)});
    console.log(JSON.stringify([db.pragma('integrity_check', { simple: true }), db.prepare('SELECT count(*) AS n FROM t').get().n]));`;
  const { stdout } = spawnSync(process.execPath, ['-e', code], {
    encoding: 'utf8',
    cwd: import.meta.dirname,
  });
  return JSON.parse(stdout);
};

const replacements: Readonly<Record<string, (path: string, other: string) => void>> = {
  removed: (path) => rmSync(path),
  'removed with its log': (path) => {
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix);
  },
  replaced: (path, other) => renameSync(other, path),
  'moved away, and another copied to its path': (path, other) => {
    renameSync(path, `${path}.old`);
    copyFileSync(other, path);
  },
};

describe.each(Object.entries(replacements))('a database file that was %s while it was open', (_, replace) => {
  test.each(['sqlite', 'sqlcipher'])(
    'takes no more writes and no more read sessions (%s)',
    async (scheme) => {
      const path = file();
      const engine = await open({ path, encrypted: scheme === 'sqlcipher', key: 'ab'.repeat(32) });
      await script(engine, 'CREATE TABLE t (x INTEGER) STRICT');
      await write(engine, (t) => t.execute('INSERT INTO t VALUES (1)', []));
      replace(path, await otherFile());
      await failure('connection-lost', () => write(engine, (t) => t.execute('INSERT INTO t VALUES (2)', [])));
      await failure('connection-lost', () => engine.begin({ mode: 'read', ...noContext }));
      await failure('connection-lost', () => script(engine, 'CREATE TABLE u (x INTEGER) STRICT'));
      expect(() => engine.sync?.begin({ mode: 'write', ...noContext })).toThrow(
        expect.objectContaining({ code: 'connection-lost' }),
      );
    },
  );

  test('in the middle of a transaction, is not committed', async () => {
    const path = file();
    const engine = await open({ path });
    await script(engine, 'CREATE TABLE t (x INTEGER) STRICT');
    const transaction = await engine.begin({ mode: 'write', ...noContext });
    await transaction.execute('INSERT INTO t VALUES (2)', []);
    replace(path, await otherFile());
    await failure('connection-lost', () => transaction.commit());
  });
});

test('a log that was removed or replaced takes no commit', async () => {
  const path = file();
  const engine = await open({ path });
  await script(engine, 'CREATE TABLE t (x INTEGER) STRICT');
  rmSync(`${path}-wal`);
  const transaction = await engine.begin({ mode: 'write', ...noContext });
  await transaction.execute('INSERT INTO t VALUES (2)', []);
  await failure('connection-lost', () => transaction.commit());
});

test('the log of a replaced file does not damage the file that took its place', async () => {
  const path = file();
  const engine = await open({ path });
  await script(engine, 'CREATE TABLE t (x INTEGER) STRICT');
  for (let n = 0; n < 50; n++) await write(engine, (t) => t.execute('INSERT INTO t VALUES (1)', []));
  renameSync(await otherFile(), path);
  await engine.close();
  expect(seenElsewhere(path)).toEqual(['ok', 5_000]);
  // the log may hold the last commits of the old file
  expect(readdirSync(dirname(path)).filter((name) => name.includes('-wal-of-replaced-file-'))).toHaveLength(
    1,
  );
  const again = await open({ path });
  expect(await rows(again, 'SELECT count(*) AS n FROM t')).toEqual([{ n: 5_000 }]);
});

test('a removed file that is created again is empty', async () => {
  const path = file();
  const engine = await open({ path });
  await script(engine, 'CREATE TABLE t (x INTEGER) STRICT');
  rmSync(path);
  await engine.close();
  const again = await open({ path });
  expect(await rows(again, "SELECT name FROM sqlite_master WHERE type = 'table'")).toEqual([]);
});

// root may write everywhere: as root, the check runs as another user
const other = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

describe('a process without the permission', () => {
  test.each([
    ['to write the file', 0o444, 0o777],
    ['to write its folder', 0o666, 0o555],
  ])('%s opens nothing: privilege-missing', async (_, mode, folderMode) => {
    const path = `${folder()}/test.db`;
    const engine = await open({ path });
    await script(engine, 'CREATE TABLE t (x INTEGER) STRICT');
    await engine.close();
    chmodSync(path, mode);
    chmodSync(dirname(path), folderMode);
    const code = `
      import { connect, system } from 'ashlar';
      const empty = system('empty', { tables: {}, migrations: new URL('file:///nowhere/') });
      console.log(await connect(empty, { url: ${JSON.stringify(`sqlite:${path}`)} }).then(() => 'opened', (error) => error.code));`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      ...other,
      encoding: 'utf8',
      cwd: import.meta.dirname,
    });
    expect(stdout.trim()).toBe('privilege-missing');
    chmodSync(dirname(path), 0o755);
  });
});
