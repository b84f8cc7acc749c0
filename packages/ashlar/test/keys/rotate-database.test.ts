import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { openEngine } from '../../src/engines/open.js';
import { findDatabaseKey, rotateDatabaseKey } from '../../src/keys/index.js';
import { failure } from '../engines/sqlite/support.js';
import { child, countNotes, filled, folders, marker, newKey, oldKey, signalOpen, watching } from './files.js';

const folder = folders();

const place = async (key: string = oldKey, count = 300) => {
  const directory = folder();
  const path = join(directory, 'app.db');
  const url = `sqlcipher:${path}`;
  await filled(url, key, count);
  return { directory, path, url };
};

const which = async (url: string) => (await findDatabaseKey(url, { old: oldKey, new: newKey }))?.name;

describe('a database gets another key', () => {
  test.each([
    ['raw keys', oldKey, newKey],
    ['a passphrase, then a raw key', 'correct horse', newKey],
    ['a raw key, then a passphrase', oldKey, `it's a "🔑"`],
  ])('%s', async (_, from, to) => {
    const { directory, path, url } = await place(from);
    const before = readFileSync(path);
    chmodSync(path, 0o640);
    const rotation = await rotateDatabaseKey({ url, key: from }, to);
    expect(rotation).toMatchObject({ outcome: 'rotated', path, rows: { notes: 300 } });
    expect(await countNotes(url, to)).toBe(300);
    await failure('key-wrong', () => openEngine({ url, key: from }));
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(readdirSync(directory)).toEqual(['app.db']);
    expect(readFileSync(path).subarray(0, 16).equals(before.subarray(0, 16))).toBe(false);
    // a second run reports that the rotation is done
    const again = await rotateDatabaseKey({ url, key: from }, to);
    expect(again).toEqual({ ...rotation, outcome: 'already' });
    const outside = signalOpen(path, to === newKey ? `x'${newKey}'` : to);
    expect(outside.prepare('SELECT count(*) AS n FROM notes').get()).toEqual({ n: 300 });
    outside.close();
  });

  test('with its write-ahead log', async () => {
    const { path, url } = await place();
    const writer =
      await child(`const engine = await ashlar.openEngine({ url: ${JSON.stringify(url)}, key: '${oldKey}' });
      await engine.asOwner((owner) => owner.run("INSERT INTO notes (body) VALUES ('late')"));
      process.kill(process.pid, 'SIGKILL');`);
    await writer.ended;
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);
    await rotateDatabaseKey({ url, key: oldKey }, newKey);
    expect(existsSync(`${path}-wal`)).toBe(false);
    expect(await countNotes(url, newKey)).toBe(301);
  });

  test('not while it is open, in this process or another', async () => {
    const { path, url } = await place();
    const before = readFileSync(path);
    const engine = await openEngine({ url, key: oldKey });
    await failure('database-locked', () => rotateDatabaseKey({ url, key: oldKey, lockTimeout: 50 }, newKey));
    await engine.close();
    const other = await child(
      `const engine = await ashlar.openEngine({ url: ${JSON.stringify(url)}, key: '${oldKey}' }); await engine.read('SELECT 1', []);
       setInterval(() => {}, 1000);`,
    );
    try {
      while (!existsSync(`${path}-shm`)) await sleep(5);
      await sleep(50);
      await failure('database-locked', () =>
        rotateDatabaseKey({ url, key: oldKey, lockTimeout: 50 }, newKey),
      );
    } finally {
      other.process.kill('SIGKILL');
      await other.ended;
    }
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(await which(url)).toBe('old');
    await rotateDatabaseKey({ url, key: oldKey }, newKey);
  });

  test('only if it is encrypted, and the key is new; a wrong key changes nothing', async () => {
    const { path, url, directory } = await place();
    const before = readFileSync(path);
    await failure('key-wrong', () => rotateDatabaseKey({ url, key: 'ee'.repeat(32) }, newKey));
    await failure('key-invalid', () => rotateDatabaseKey({ url, key: oldKey }, 'ab'.repeat(31)));
    await failure('key-missing', () => rotateDatabaseKey({ url }, newKey));
    await failure('usage', () => rotateDatabaseKey({ url, key: oldKey }, `x'${oldKey}'`));
    await failure('usage', () => rotateDatabaseKey({ url: `sqlite:${path}` }, newKey));
    await failure('usage', () => rotateDatabaseKey({ url: 'pglite:memory' }, newKey));
    await failure('database-missing', () => rotateDatabaseKey({ url: `${url}x`, key: oldKey }, newKey));
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(directory)).toEqual(['app.db']);
  });

  test('and only the files of a killed run are removed', async () => {
    const { directory, url } = await place();
    const others = ['app.db.key-notes', 'app.db.keyring', 'other.db.key-0123abcd'];
    for (const name of [...others, 'app.db.key-0123abcd', 'app.db.key-0123abcd-journal'])
      writeFileSync(join(directory, name), 'x');
    await rotateDatabaseKey({ url, key: oldKey }, newKey);
    expect(readdirSync(directory).sort()).toEqual(['app.db', ...others].sort());
  });
});

test('writes of other processes between and during rotations are not lost, whichever file they had open', async () => {
  const length = 2000;
  const { url } = await place(oldKey, 5);
  const writer = await child(`
    const keys = ['${oldKey}', '${newKey}'];
    for (let n = 0, at = 0; ; ) {
      try {
        const engine = await ashlar.openEngine({ url: ${JSON.stringify(url)}, key: keys[at % 2], create: false, lockTimeout: 2000 });
        try {
          await engine.asOwner((owner) => owner.run("INSERT INTO notes (body) VALUES ('" + n + "')"));
          n++;
          console.log('written');
        } finally {
          await engine.close();
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      } catch (error) {
        if (!['key-wrong', 'database-locked', 'lock-timeout', 'connection-lost'].includes(error.code)) { console.log(error); process.exit(9); }
        at++;
      }
    }`);
  let written = '';
  writer.process.stdout?.setEncoding('utf8').on('data', (text: string) => {
    written += text;
  });
  let [from, to] = [oldKey, newKey];
  let rotations = 0;
  const acknowledged = () => written.split('written').length - 1;
  const running = () => writer.process.exitCode === null;
  const end = performance.now() + length;
  while (running() && (performance.now() < end || rotations < 3 || acknowledged() < 5)) {
    try {
      await rotateDatabaseKey({ url, key: from, lockTimeout: 200 }, to);
      [from, to] = [to, from];
      rotations++;
    } catch (error) {
      expect(error).toMatchObject({ code: 'database-locked' });
    }
    await sleep(30);
  }
  expect(writer.process.exitCode, written).toBe(null);
  writer.process.kill('SIGKILL');
  await writer.ended;
  const found = await countNotes(url, from);
  // the last write may have been committed without being reported
  expect([5, 6].map((more) => more + acknowledged())).toContain(found);
});

describe('a rotation killed with -9', () => {
  test('leaves a file that opens with exactly one of the keys, and no plaintext on the disk', async () => {
    const { directory, url } = await place(oldKey, 10_000);
    const seen = await watching(directory, marker);
    let [from, to] = [oldKey, newKey];
    for (let run = 0; run < 10; run++) {
      const rotation = await child(
        `await ashlar.rotateDatabaseKey({ url: ${JSON.stringify(url)}, key: '${from}' }, '${to}');`,
      );
      await sleep(run * 25);
      rotation.process.kill('SIGKILL');
      await rotation.ended;
      const found = await findDatabaseKey(url, { from, to });
      expect(found?.name, `run ${run}`).toMatch(/^(from|to)$/);
      expect(await countNotes(url, found?.name === 'from' ? from : to)).toBe(10_000);
      await failure('key-wrong', () => openEngine({ url, key: found?.name === 'from' ? to : from }));
      if (found?.name === 'to') [from, to] = [to, from];
    }
    await rotateDatabaseKey({ url, key: from }, to);
    expect(await countNotes(url, to)).toBe(10_000);
    expect(readdirSync(directory)).toEqual(['app.db']);
    const { names, holding } = await seen();
    expect(names.some((name) => name.includes('.key-'))).toBe(true);
    expect(holding).toEqual([]);
  });
});
