import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createBackup } from 'ashlar';
import { afterEach, describe, expect, test } from 'vitest';
import { files, order, shop, worlds } from './setup.js';

const { TMPDIR } = process.env;
afterEach(() => {
  if (TMPDIR === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = TMPDIR;
});

const marker = 'the-plaintext-that-must-not-be-found';

/** Keeps every file that appears in some folders open, so that what is removed can be read afterwards. */
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
          // gone already, or a folder
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
  const makeWorld = worlds();

  test('no file that is made holds plaintext, the passing ones included', async () => {
    const world = await makeWorld(engine);
    await order(
      world.db,
      Array.from({ length: 400 }, (_, n) => `${marker} ${n} `.repeat(20)),
    );
    const isEncrypted = engine.name === 'sqlcipher';
    // of a plain database only its own place holds it
    const target = world.elsewhere();
    const scratch = join(world.folder, 'scratch');
    mkdirSync(scratch);
    process.env.TMPDIR = scratch;
    const stop = watched([world.backups.folder, scratch, ...(isEncrypted ? [world.folder] : [])]);
    const { name } = await createBackup(world.db.engine, [shop], world.backups);
    await world.verify(name);
    await world.restore(name, { to: { url: target, key: world.key } });
    if (isEncrypted)
      await world.restore(name, { to: { url: world.elsewhere(), key: 'another key of today' } });
    const files = stop();
    expect(files.some(({ path }) => path.endsWith('.age.part'))).toBe(true);
    expect(files.filter(({ holds }) => holds)).toEqual([]);
    if (isEncrypted) {
      expect(files.some(({ path }) => path.includes('restoring'))).toBe(true);
      expect(files.some(({ path }) => path.includes('ashlar-examine-'))).toBe(true);
    }
  });
});
