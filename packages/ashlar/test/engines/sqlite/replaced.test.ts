import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Engine } from '../../../src/contract/engine.js';
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

const stillThere = (engine: Engine) => rows(engine, 'SELECT count(*) AS n FROM t');

/** What each way to open a connection, or to use one again, does before and after the file was replaced. */
const ways: Readonly<Record<string, (engine: Engine, replace: () => void) => unknown>> = {
  'a statement outside sessions, on a new connection': (engine, replace) => {
    replace();
    return stillThere(engine);
  },
  'a statement outside sessions, on an old connection': async (engine, replace) => {
    await stillThere(engine);
    replace();
    return stillThere(engine);
  },
  'a statement outside sessions that waited for a connection': async (engine, replace) => {
    const taken = await engine.begin({ mode: 'read', ...noContext });
    const waiting = stillThere(engine);
    replace();
    await taken.rollback();
    return waiting;
  },
  'a session that reads, on a new connection': (engine, replace) => {
    replace();
    return engine.begin({ mode: 'read', ...noContext });
  },
  'a session that reads, on an old connection': async (engine, replace) => {
    await (await engine.begin({ mode: 'read', ...noContext })).rollback();
    replace();
    return engine.begin({ mode: 'read', ...noContext });
  },
  'a session that reads, which waited for a connection': async (engine, replace) => {
    const taken = await engine.begin({ mode: 'read', ...noContext });
    const waiting = engine.begin({ mode: 'read', ...noContext });
    replace();
    await taken.rollback();
    return waiting;
  },
  'a synchronous session that reads': (engine, replace) => {
    replace();
    return engine.sync?.begin({ mode: 'read', ...noContext });
  },
  'a synchronous session that writes': (engine, replace) => {
    replace();
    return engine.sync?.begin({ mode: 'write', ...noContext });
  },
  'a session that writes': (engine, replace) => {
    replace();
    return write(engine, (t) => t.execute('INSERT INTO t VALUES (2)', []));
  },
  'a session that writes, which waited for the lock': async (engine, replace) => {
    const taken = await engine.begin({ mode: 'write', ...noContext });
    const waiting = engine.begin({ mode: 'write', ...noContext });
    replace();
    await taken.rollback();
    return waiting;
  },
  'a commit': async (engine, replace) => {
    const transaction = await engine.begin({ mode: 'write', ...noContext });
    await transaction.execute('INSERT INTO t VALUES (2)', []);
    replace();
    await transaction.commit();
  },
  'the owner': (engine, replace) => {
    replace();
    return script(engine, 'CREATE TABLE u (x INTEGER) STRICT');
  },
  'a later statement of the owner': (engine, replace) =>
    engine.asOwner(async (owner) => {
      await owner.run('INSERT INTO t VALUES (2)');
      replace();
      await owner.run('INSERT INTO t VALUES (3)');
    }),
  'a later script of the owner': (engine, replace) =>
    engine.asOwner((owner) => {
      replace();
      return owner.script('INSERT INTO t VALUES (3)');
    }),
  'a transaction of the owner': (engine, replace) =>
    engine.asOwner((owner) =>
      owner.atomically(async () => {
        await owner.run('INSERT INTO t VALUES (2)');
        replace();
      }),
    ),
  'a snapshot': (engine, replace) => {
    replace();
    return engine.snapshot(async () => undefined);
  },
  'a snapshot whose thread was starting': (engine, replace) => {
    const taken = engine.snapshot(async () => undefined);
    replace();
    return taken;
  },
};

describe.each(Object.entries(replacements))('a database file that was %s while it was open', (_, replace) => {
  describe.each(['sqlite', 'sqlcipher'])('(%s)', (scheme) => {
    test.each(Object.entries(ways))('refuses %s, and leaves the new file alone', async (_way, use) => {
      const path = file();
      const key = 'ab'.repeat(32);
      const engine = await open({ path, encrypted: scheme === 'sqlcipher', key, connections: 1 });
      await script(engine, 'CREATE TABLE t (x INTEGER) STRICT');
      for (let n = 0; n < 20; n++) await write(engine, (t) => t.execute('INSERT INTO t VALUES (1)', []));
      const other = await otherFile();
      await failure('connection-lost', () => use(engine, () => replace(path, other)));
      await engine.close();
      if (existsSync(path)) expect(seenElsewhere(path)).toEqual(['ok', 5_000]);
    });
  });
});

test('a path is not opened while this process has the file open that was there before, whose log is there', async () => {
  const path = file();
  const engine = await open({ path });
  await script(engine, 'CREATE TABLE t (x INTEGER) STRICT');
  await write(engine, (t) => t.execute('INSERT INTO t VALUES (1)', []));
  renameSync(await otherFile(), path);
  await failure('database-locked', () => open({ path }));
  await engine.close();
  const again = await open({ path });
  expect(await stillThere(again)).toEqual([{ n: 5_000 }]);
  // another one of the same file has the same log
  expect(await stillThere(await open({ path }))).toEqual([{ n: 5_000 }]);
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
