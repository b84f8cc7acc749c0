import { chmod, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cached, cacheFolder } from '../../src/files/cache.js';

describe('what is kept in the cache of the user', () => {
  const before = process.env.XDG_CACHE_HOME;
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cache-'));
    process.env.XDG_CACHE_HOME = folder;
  });
  afterEach(async () => {
    process.env.XDG_CACHE_HOME = before;
    await rm(folder, { recursive: true });
  });

  /** Asks for a text, and says whether it had to be made. */
  const asked = async (of = 'all it depends on'): Promise<boolean> => {
    let isMade = false;
    const text = await cached('steps', of, async () => {
      isMade = true;
      return `made of\n${of}`;
    });
    expect(text).toBe(`made of\n${of}`);
    return isMade;
  };
  const file = async (): Promise<string> => join(cacheFolder(), (await readdir(cacheFolder()))[0] ?? '');

  it('is made once, in a file and a folder of the user alone', async () => {
    expect([await asked(), await asked(), await asked('something else')]).toEqual([true, false, true]);
    expect((await stat(await file())).mode & 0o777).toBe(0o600);
    expect((await stat(cacheFolder())).mode & 0o777).toBe(0o700);
  });

  it.each([
    ['is cut short', async (path: string) => writeFile(path, (await readFile(path)).subarray(0, -3))],
    ['is empty', (path: string) => writeFile(path, '')],
    [
      'was edited',
      async (path: string) => writeFile(path, (await readFile(path, 'utf8')).replace('made', 'MADE')),
    ],
    ['may be written by others', (path: string) => chmod(path, 0o666)],
  ])('is made again where the file %s', async (_, spoil) => {
    await asked();
    await spoil(await file());
    expect([await asked(), await asked()]).toEqual([true, false]);
  });

  it('is made each time where nothing can be written', async () => {
    process.env.XDG_CACHE_HOME = join(folder, 'file');
    await writeFile(join(folder, 'file'), '');
    expect([await asked(), await asked()]).toEqual([true, true]);
  });

  it('goes when nobody has read it for a long time', async () => {
    await asked();
    const old = await file();
    await utimes(old, new Date(0), new Date(0));
    await asked('something else');
    await expect(stat(old)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
