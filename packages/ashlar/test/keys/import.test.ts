import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { importDatabase } from '../../src/keys/index.js';
import { failure, otherProcess } from '../engines/sqlite/support.js';
import {
  child,
  countNotes,
  filled,
  folders,
  foreign,
  holding,
  marker,
  newKey,
  oldKey,
  watching,
} from './files.js';

const folder = folders();
const raw = `x'${oldKey}'`;

const places = () => {
  const [from, to] = [folder(), folder()];
  return {
    source: join(from, 'old.db'),
    directory: to,
    path: join(to, 'app.db'),
    url: `sqlcipher:${join(to, 'app.db')}`,
  };
};

const snapshot = (path: string) =>
  Object.fromEntries(
    ['', '-wal', '-journal'].flatMap((ending) =>
      existsSync(path + ending)
        ? [
            [
              ending,
              createHash('sha256')
                .update(readFileSync(path + ending))
                .digest('hex'),
            ],
          ]
        : [],
    ),
  );

describe('a file is imported', () => {
  test.each<[string, (path: string) => void, string | undefined, string]>([
    ['plain SQLite', (path) => foreign.plain(path), undefined, 'SQLite'],
    [
      'SQLCipher 4 of another build, with a passphrase',
      (path) => foreign.signal(path, 'correct horse', 4),
      'correct horse',
      'SQLCipher 4',
    ],
    [
      'SQLCipher 4 of another build, with a raw key',
      (path) => foreign.signal(path, raw, 4),
      oldKey,
      'SQLCipher 4',
    ],
    [
      'SQLCipher 3 of another build, with a passphrase',
      (path) => foreign.signal(path, `it's "it" 🔑`, 3),
      `it's "it" 🔑`,
      'SQLCipher 3',
    ],
    [
      'SQLCipher 3 of another build, with a raw key',
      (path) => foreign.signal(path, raw, 3),
      oldKey,
      'SQLCipher 3',
    ],
    ['SQLCipher 3', (path) => foreign.ours(path, 'correct horse', 3), 'correct horse', 'SQLCipher 3'],
    [
      'SQLCipher 2 of another build',
      (path) => foreign.signal(path, 'correct horse', 2),
      'correct horse',
      'SQLCipher 2',
    ],
    [
      'SQLCipher 1 of another build',
      (path) => foreign.signal(path, 'correct horse', 1),
      'correct horse',
      'SQLCipher 1',
    ],
  ])('%s', async (_, make, key, kind) => {
    const { source, directory, path, url } = places();
    make(source);
    const before = snapshot(source);
    const imported = await importDatabase({ path: source, key }, { url, key: newKey });
    expect(imported).toMatchObject({ path, source: kind, rows: { notes: 300, heap: 0, sqlite_sequence: 1 } });
    expect(snapshot(source)).toEqual(before);
    expect(readdirSync(directory)).toEqual(['app.db']);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(holding(directory, marker)).toEqual([]);
    expect(await countNotes(url, newKey)).toBe(300);
  });

  test('into a plain one', async () => {
    const { source, path } = places();
    foreign.signal(source, raw, 3);
    await importDatabase({ path: source, key: oldKey }, { url: `sqlite:${path}` });
    expect(await countNotes(`sqlite:${path}`, undefined)).toBe(300);
  });

  test('with its write-ahead log, which stays unchanged', async () => {
    const { source, url } = places();
    foreign.plain(source);
    const other = await otherProcess(
      source,
      `db.pragma('journal_mode = WAL'); db.exec("INSERT INTO notes (body) VALUES ('late')");`,
    );
    other.process.kill('SIGKILL');
    await other.end();
    const before = snapshot(source);
    expect(Object.keys(before)).toEqual(['', '-wal']);
    const imported = await importDatabase({ path: source }, { url, key: newKey });
    expect(imported.rows.notes).toBe(301);
    expect(snapshot(source)).toEqual(before);
  });

  test('only into a new file, and only a readable one; a failure leaves no file', async () => {
    const { source, directory, path, url } = places();
    foreign.signal(source, 'correct horse', 3);
    const to = { url, key: newKey };
    await failure('key-wrong', () => importDatabase({ path: source, key: 'battery staple' }, to));
    await failure('key-missing', () => importDatabase({ path: source }, to));
    await failure('key-missing', () => importDatabase({ path: source, key: 'correct horse' }, { url }));
    await failure('database-missing', () => importDatabase({ path: `${source}x` }, to));
    await failure('usage', () => importDatabase({ path: source }, { url: 'pglite:memory' }));
    const text = `${source}.txt`;
    writeFileSync(text, 'hello, this is a text\n'.repeat(70));
    await failure('not-a-database', () => importDatabase({ path: text }, to));
    await failure('not-a-database', () => importDatabase({ path: text, key: 'correct horse' }, to));
    const plain = `${source}.plain`;
    foreign.plain(plain);
    await failure('database-not-encrypted', () => importDatabase({ path: plain, key: 'correct horse' }, to));
    writeFileSync(plain, readFileSync(plain).subarray(0, 9000));
    await failure('database-corrupt', () => importDatabase({ path: plain }, to));
    expect(readdirSync(directory)).toEqual([]);
    await filled(url, newKey, 1);
    await failure('state-conflict', () => importDatabase({ path: source, key: 'correct horse' }, to));
    expect(await countNotes(url, newKey)).toBe(1);
    expect(readdirSync(directory)).toEqual([path.slice(directory.length + 1)]);
  });

  test('not a file with an interrupted write', async () => {
    const { source, url } = places();
    foreign.plain(source);
    const other = await otherProcess(
      source,
      `db.pragma('cache_size = 5'); db.exec("BEGIN; UPDATE notes SET body = body || printf('%.9000c', 'x')")`,
    );
    other.process.kill('SIGKILL');
    await other.end();
    const before = snapshot(source);
    await failure('state-conflict', () => importDatabase({ path: source }, { url, key: newKey }));
    expect(snapshot(source)).toEqual(before);
  });
});

test('an import killed with -9 leaves a whole database or none, and the next one cleans up', async () => {
  const { source, directory, path, url } = places();
  await filled(`sqlite:${source}`, undefined, 10_000);
  const before = snapshot(source);
  const seen = await watching(directory, marker);
  for (let n = 0; n < 10; n++) {
    const importing = await child(
      `await ashlar.importDatabase({ path: ${JSON.stringify(source)} }, { url: ${JSON.stringify(url)}, key: '${newKey}' });`,
    );
    await sleep(n * 25);
    importing.process.kill('SIGKILL');
    await importing.ended;
    if (!existsSync(path)) continue;
    expect(await countNotes(url, newKey)).toBe(10_000);
    rmSync(path);
  }
  await importDatabase({ path: source }, { url, key: newKey });
  expect(await countNotes(url, newKey)).toBe(10_000);
  expect(readdirSync(directory)).toEqual(['app.db']);
  const { names, holding: leaks } = await seen();
  expect(names.some((name) => name.includes('.import-'))).toBe(true);
  expect(leaks).toEqual([]);
  // SQLite creates an empty log for a file that has had one before
  expect(snapshot(source)).toMatchObject(before);
});
