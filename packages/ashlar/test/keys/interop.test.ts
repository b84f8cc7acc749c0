import { join } from 'node:path';
import Signal from '@signalapp/sqlcipher';
import { expect, test } from 'vitest';
import { rotateDatabaseKey } from '../../src/keys/index.js';
import { countNotes, filled, folders, foreign, newKey, oldKey, signalOpen } from './files.js';

const folder = folders();

test.each([
  ['a passphrase', `it's a "🔑"`, `it's a "🔑"`],
  ['a raw key', oldKey, `x'${oldKey}'`],
])('another SQLCipher reads and writes what Ashlar writes, with %s', async (_, ours, theirs) => {
  const path = join(folder(), 'app.db');
  const url = `sqlcipher:${path}`;
  await filled(url, ours);
  // the original, and the rewritten file
  for (const expected of [300, 301]) {
    const database = signalOpen(path, theirs);
    expect(database.pragma('cipher_integrity_check')).toEqual([]);
    expect(database.prepare('SELECT count(*) AS n FROM notes').get()).toEqual({ n: expected });
    database.exec("INSERT INTO notes (body) VALUES ('theirs')");
    database.close();
    expect(await countNotes(url, ours)).toBe(expected + 1);
    await rotateDatabaseKey({ url, key: ours }, newKey);
    await rotateDatabaseKey({ url, key: newKey }, ours);
  }
  for (const key of [undefined, 'another']) {
    const database = new Signal(path);
    if (key !== undefined) database.pragma(`key = '${key}'`);
    expect(() => database.prepare('SELECT count(*) AS n FROM notes').get()).toThrow(/not a database/);
    database.close();
  }
});

test.each([
  ['a passphrase', 'correct horse', 'correct horse'],
  ['a raw key', oldKey, `x'${oldKey}'`],
])('Ashlar reads what another SQLCipher writes, with %s', async (_, ours, theirs) => {
  const path = join(folder(), 'app.db');
  foreign.signal(path, theirs, 4);
  expect(await countNotes(`sqlcipher:${path}`, ours)).toBe(300);
});
