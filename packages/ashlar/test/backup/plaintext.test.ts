import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createBackup } from 'ashlar/backup';
import { afterEach, describe, expect, test } from 'vitest';
import { files, fixtures, order, shop } from './setup.js';

const { TMPDIR } = process.env;
afterEach(() => {
  if (TMPDIR === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = TMPDIR;
});

const marker = 'the-plaintext-that-must-not-be-found';

/** Keeps every file that appears in the folders open, so that removed files can be read afterwards. */
const watched = (folders: readonly string[]) => {
  const seen = new Map<string, number>();
  const look = () => {
    for (const folder of folders) {
      for (const name of list(folder)) {
        const path = join(folder, name);
        if (seen.has(path)) continue;
        try {
          seen.set(path, openSync(path, 'r'));
        } catch {
          // already removed, or a folder
        }
      }
    }
  };
  const timer = setInterval(look, 2);
  return () => {
    look();
    clearInterval(timer);
    return [...seen].map(([path, descriptor]) => {
      const bytes = fstatSync(descriptor).isFile() ? readFileSync(descriptor) : Buffer.alloc(0);
      closeSync(descriptor);
      return { path, holds: bytes.includes(marker) };
    });
  };
};

const list = (folder: string): string[] => {
  try {
    return readdirSync(folder, { recursive: true }) as string[];
  } catch {
    return [];
  }
};

describe.each(files)('on $name', (engine) => {
  const newFixture = fixtures();

  test('no file that is written contains plaintext, temporary files included', async () => {
    const fixture = await newFixture(engine);
    await order(
      fixture.db,
      Array.from({ length: 400 }, (_, n) => `${marker} ${n} `.repeat(20)),
    );
    const isEncrypted = engine.name === 'sqlcipher';
    // the plaintext of a plain database is in its own file only
    const target = fixture.elsewhere();
    const scratch = join(fixture.folder, 'scratch');
    mkdirSync(scratch);
    process.env.TMPDIR = scratch;
    const stop = watched([fixture.backups.folder, scratch, ...(isEncrypted ? [fixture.folder] : [])]);
    const { name } = await createBackup(fixture.db.engine, [shop], fixture.backups);
    await fixture.verify(name);
    await fixture.restore(name, { to: { url: target, key: fixture.key } });
    if (isEncrypted)
      await fixture.restore(name, { to: { url: fixture.elsewhere(), key: 'another key of today' } });
    const files = stop();
    expect(files.some(({ path }) => path.endsWith('.age.part'))).toBe(true);
    expect(files.filter(({ holds }) => holds)).toEqual([]);
    if (isEncrypted) {
      expect(files.some(({ path }) => path.includes('restoring'))).toBe(true);
      expect(files.some(({ path }) => path.includes('ashlar-examine-'))).toBe(true);
    }
  });
});
