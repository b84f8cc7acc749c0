import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { isSound } from '../../../src/engines/sqlite/driver/driver.js';
import { failure, noContext, otherProcess, rawKey, rows, script, workplace, write } from './support.js';

const { file, folder, open } = workplace();

const filled = async (options: { path: string; encrypted?: boolean; key?: string }) => {
  const engine = await open(options);
  await script(engine, 'CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT');
  await write(engine, (t) =>
    t.execute("INSERT INTO notes (body) VALUES (printf('%.40000c', 'x')), ('a secret')", []),
  );
  await engine.close();
  return options.path;
};

// offsets are in pages of 4,096 bytes
const damage = (path: string, offset: number, length = 64): void => {
  const bytes = readFileSync(path);
  bytes.fill(0x5a, offset, offset + length);
  writeFileSync(path, bytes);
};

describe('a new file', () => {
  test('and its side files are readable by their owner only', async () => {
    const path = file();
    const engine = await open({ path, encrypted: true, key: 'correct horse' });
    await script(engine, 'CREATE TABLE notes (id INTEGER PRIMARY KEY) STRICT');
    for (const suffix of ['', '-wal', '-shm'])
      expect(statSync(path + suffix).mode & 0o777, suffix).toBe(0o600);
  });

  test('is not created with create: false', async () => {
    const path = file();
    await failure('database-missing', () => open({ path, create: false }));
    expect(existsSync(path)).toBe(false);
  });

  test('is not created for a malformed key', async () => {
    const path = file();
    await failure('key-invalid', () => open({ path, encrypted: true, key: 'abc123'.repeat(10) }));
    expect(existsSync(path)).toBe(false);
  });

  test('that is opened twice at once gets one salt', async () => {
    const path = file();
    const [one, two] = await Promise.all(
      [1, 2].map(() => open({ path, encrypted: true, key: 'correct horse' })),
    );
    await script(one as never, 'CREATE TABLE notes (id INTEGER PRIMARY KEY) STRICT');
    expect(await rows(two as never, 'SELECT name FROM sqlite_schema')).toEqual([{ name: 'notes' }]);
  });

  test('is found through a symbolic link to its folder and a path with ..', async () => {
    const inside = folder();
    mkdirSync(join(inside, 'data'));
    const engine = await open({ path: `${inside}/data/../data/./x.db` });
    await engine.close();
    expect(existsSync(join(inside, 'data', 'x.db'))).toBe(true);
  });
});

describe('an encrypted file', () => {
  test('has no plaintext, and opens again with the passphrase', async () => {
    const path = await filled({ path: file(), encrypted: true, key: 'correct horse' });
    const bytes = readFileSync(path);
    expect(bytes.includes('SQLite format 3')).toBe(false);
    expect(bytes.includes('a secret')).toBe(false);
    const again = await open({ path, encrypted: true, key: 'correct horse' });
    expect(again.label).toMatch(/^SQLCipher 4 \(SQLite 3\.\d+\.\d+\)$/);
    expect(again.encrypted).toBe(true);
    expect(await rows(again, 'SELECT body FROM notes WHERE id = 2')).toEqual([{ body: 'a secret' }]);
  });

  test.each([
    ['64 digits', rawKey],
    ['64 digits in capitals', rawKey.toUpperCase()],
    ['the form x’…’', `x'${rawKey}'`],
    ['key and salt', rawKey + '0c'.repeat(16)],
  ])('opens again with a raw key given as %s', async (_, key) => {
    const path = await filled({ path: file(), encrypted: true, key });
    const again = await open({ path, encrypted: true, key: rawKey });
    expect(await rows(again, 'SELECT count(*) AS count FROM notes')).toEqual([{ count: 2 }]);
  });

  test('has the key that the driver derives from the passphrase', async () => {
    const path = await filled({ path: file(), encrypted: true, key: "it's a 🔑" });
    const other = await otherProcess(
      path,
      `db.pragma("cipher = 'sqlcipher'"); db.pragma('legacy = 4'); db.pragma("key = 'it''s a 🔑'");
       if (db.prepare('SELECT count(*) FROM notes').pluck().get() !== 2) process.exit(9);`,
    );
    await other.end();
  });

  test('is not read when the same process opens it a second time', async () => {
    const path = await filled({ path: file(), encrypted: true, key: 'correct horse' });
    const first = await open({ path, encrypted: true, key: 'correct horse' });
    const transaction = await first.begin({ mode: 'write', ...noContext });
    await open({ path, encrypted: true, key: 'correct horse' });
    await failure('key-wrong', () => open({ path, encrypted: true, key: 'wrong horse' }));
    // reading the file would have dropped the lock of the first connection
    const other = await otherProcess(
      path,
      `db.pragma("cipher = 'sqlcipher'"); db.pragma('legacy = 4'); db.pragma("key = 'correct horse'"); db.pragma('busy_timeout = 0');
       try { db.exec('BEGIN IMMEDIATE'); process.exit(9); } catch (error) { if (error.code !== 'SQLITE_BUSY') throw error; }`,
    );
    await other.end();
    await transaction.rollback();
  });
});

describe('errors are distinguished', () => {
  test('a wrong key', async () => {
    const path = await filled({ path: file(), encrypted: true, key: 'correct horse' });
    const error = await failure('key-wrong', () => open({ path, encrypted: true, key: 'battery staple' }));
    expect(`${error.message}${error.detail}${error.suggestion}`).not.toMatch(/staple|horse/);
  });

  test('no key', async () => {
    const path = await filled({ path: file(), encrypted: true, key: 'correct horse' });
    await failure('key-missing', () => open({ path, encrypted: true }));
    await failure('key-missing', () => open({ path, encrypted: false }));
  });

  test.each([
    '',
    'ab'.repeat(31),
    'ab'.repeat(33),
    `${'ab'.repeat(32)} `,
    `"${'ab'.repeat(32)}"`,
    `x'abcd'`,
    'a\0b',
    '\ud800',
  ])('a malformed key: %j', async (key) => {
    const error = await failure('key-invalid', () => open({ encrypted: true, key }));
    if (key) expect(JSON.stringify(error)).not.toContain(key);
  });

  test('a plain file opened as an encrypted one', async () => {
    const path = await filled({ path: file() });
    await failure('database-not-encrypted', () => open({ path, encrypted: true, key: rawKey }));
  });

  test('a missing folder', async () => {
    const error = await failure('directory-missing', () => open({ path: join(folder(), 'none', 'x.db') }));
    expect(error.suggestion).toContain('mkdir -p');
  });

  test('a missing folder that is to be created where a file is in the way', async () => {
    const path = filled({ path: file() });
    const error = await failure('directory-missing', async () =>
      open({ path: join(await path, 'data', 'x.db'), createFolder: true }),
    );
    expect(error.detail).toContain('ENOTDIR');
  });

  test('a folder instead of a file', async () => {
    await failure('url-invalid', () => open({ path: folder() }));
  });

  test('a file without read permission', async () => {
    const path = await filled({ path: file() });
    chmodSync(path, 0o000);
    // root can read every file
    if (process.getuid?.() === 0) await (await open({ path })).close();
    else await failure('privilege-missing', () => open({ path }));
  });

  test.each([
    ['page 1', 200],
    ['page 2', 4096 + 200],
  ])('an encrypted file damaged in %s', async (_, offset) => {
    const path = await filled({ path: file(), encrypted: true, key: rawKey });
    damage(path, offset);
    await failure('database-corrupt', async () => {
      const engine = await open({ path, encrypted: true, key: rawKey });
      await engine.read('SELECT sum(length(body)) FROM notes', []);
    });
  });

  test('a truncated encrypted file', async () => {
    const path = await filled({ path: file(), encrypted: true, key: rawKey });
    writeFileSync(path, readFileSync(path).subarray(0, 3 * 4096 + 100));
    await failure('database-corrupt', async () => {
      const engine = await open({ path, encrypted: true, key: rawKey });
      await engine.read('SELECT sum(length(body)) FROM notes', []);
    });
  });

  test('a damaged plain file, and a file that is not a database', async () => {
    const path = await filled({ path: file() });
    damage(path, 100, 4000);
    await failure('database-corrupt', () => open({ path }));
    const text = file();
    writeFileSync(text, 'hello, this is a text\n'.repeat(7));
    await failure('not-a-database', () => open({ path: text }));
    await failure('not-a-database', () => open({ path: text, encrypted: true, key: rawKey }));
    writeFileSync(text, Buffer.alloc(8192));
    await failure('not-a-database', () => open({ path: text, encrypted: true, key: rawKey }));
  });

  test('an empty file with create: false', async () => {
    const empty = file();
    writeFileSync(empty, '');
    await failure('database-missing', () => open({ path: empty, create: false }));
    await failure('database-missing', () =>
      open({ path: empty, create: false, encrypted: true, key: rawKey }),
    );
  });

  test.each([
    [1, 1024, 'correct horse'],
    [2, 1024, 'correct horse'],
    [3, 1024, 'correct horse'],
    [3, 4096, rawKey],
    [4, 8192, 'correct horse'],
    [4, 1024, rawKey],
  ])('SQLCipher %i with pages of %i bytes, the key being right', async (version, page, key) => {
    const path = file();
    const other = await otherProcess(
      path,
      `db.pragma("cipher = 'sqlcipher'"); db.pragma('legacy = ${version}'); db.pragma('legacy_page_size = ${page}');
       db.key(Buffer.from(${JSON.stringify(key === rawKey ? `x'${key}'` : key)})); db.exec('CREATE TABLE notes (id)');`,
    );
    await other.end();
    const error = await failure('cipher-version', () => open({ path, encrypted: true, key }));
    expect(error.message).toContain(`SQLCipher ${version} file with pages of ${page} bytes`);
    expect(error.suggestion).toContain('ashlar import');
    await failure('key-wrong', () => open({ path, encrypted: true, key: 'battery staple' }));
  });

  test('a wrong key does not play back the journal of a killed process', async () => {
    const path = await filled({ path: file(), encrypted: true, key: rawKey });
    const other = await otherProcess(
      path,
      `db.pragma("cipher = 'sqlcipher'"); db.pragma('legacy = 4'); db.key(Buffer.from("x'${rawKey}'"));
       db.pragma('journal_mode = DELETE'); db.pragma('cache_size = 5');
       db.exec("BEGIN; DELETE FROM notes; INSERT INTO notes (body) VALUES (printf('%.900000c', 'y'))");`,
    );
    other.process.kill('SIGKILL');
    await other.end();
    expect(statSync(`${path}-journal`).size).toBeGreaterThan(4096);
    await failure('key-wrong', () => open({ path, encrypted: true, key: 'ee'.repeat(32) }));
    await failure('key-wrong', () => open({ path, encrypted: true, key: 'battery staple' }));
    const engine = await open({ path, encrypted: true, key: rawKey });
    expect(await rows(engine, 'SELECT count(*) AS n FROM notes')).toEqual([{ n: 2 }]);
    expect(await rows(engine, 'SELECT sum(length(body)) AS n FROM notes')).toEqual([{ n: 40_008 }]);
  });

  test('the damaged part', async () => {
    const path = await filled({ path: file(), encrypted: true, key: rawKey });
    const intact = readFileSync(path);
    const opened = () => open({ path, encrypted: true, key: rawKey });
    damage(path, 200, 1);
    expect((await failure('database-corrupt', opened)).detail).toContain('The key is right');
    writeFileSync(path, intact.subarray(0, 4096 + 100));
    expect((await failure('database-corrupt', opened)).detail).toContain('The end of the file is missing');
    // the state after a PRAGMA rekey was killed while it committed: another salt than the one its journal is encrypted under
    writeFileSync(path, intact);
    const other = await otherProcess(
      path,
      `db.pragma("cipher = 'sqlcipher'"); db.pragma('legacy = 4'); db.key(Buffer.from("x'${rawKey}'"));
       db.pragma('journal_mode = DELETE');
       db.exec("INSERT INTO notes (body) VALUES (printf('%.9000000c', 'x'))");
       db.pragma('cache_size = 5');
       setImmediate(() => db.rekey(Buffer.from("x'${'cd'.repeat(32)}'")));`,
    );
    while (!existsSync(`${path}-journal`) || statSync(`${path}-journal`).size < 500_000) await sleep(1);
    other.process.kill('SIGKILL');
    await other.end();
    writeFileSync(path, Buffer.concat([Buffer.alloc(16, 7), readFileSync(path).subarray(16)]));
    await failure('key-wrong', () => open({ path, encrypted: true, key: 'ee'.repeat(32) }));
    expect((await failure('database-corrupt', opened)).detail).toContain('rekey');
  });

  test('a file that another process has locked', async () => {
    const path = await filled({ path: file() });
    const other = await otherProcess(
      path,
      `db.pragma('locking_mode = EXCLUSIVE'); db.exec("UPDATE notes SET body = 'y' WHERE id = 2")`,
    );
    await failure('database-locked', () => open({ path, lockTimeout: 100 }));
    await other.end();
    await open({ path });
  });

  test('memory cannot be encrypted', async () => {
    await failure('url-invalid', () => open({ path: ':memory:', encrypted: true, key: rawKey }));
  });
});

test('versions of SQLite that corrupt databases are known', () => {
  const verdicts = ['3.51.2', '3.51.3', '3.52.0', '3.53.2', '3.53.3', '3.53.4', '4.0.0', '3.9.9'].map(
    isSound,
  );
  expect(verdicts).toEqual([false, true, false, true, false, true, true, false]);
});
