import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cached, cacheFolder } from '../../src/files/cache.js';
import { codeMark, ownCode } from '../../src/files/own-code.js';

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

  it('is made again where a file has the name of another', async () => {
    await asked('before the policies');
    const older = await file();
    await asked('with the policies');
    const names = await readdir(cacheFolder());
    const newer = names.map((name) => join(cacheFolder(), name)).find((name) => name !== older) ?? '';
    await copyFile(older, newer);
    expect(await asked('with the policies')).toBe(true);
  });

  it('is made again where the file is a link', async () => {
    await asked();
    const kept = await file();
    await rename(kept, join(folder, 'elsewhere'));
    await symlink(join(folder, 'elsewhere'), kept);
    expect(await asked()).toBe(true);
  });

  it('is made each time in a folder that others may write, or that is a link', async () => {
    await asked();
    await chmod(cacheFolder(), 0o777);
    expect([await asked(), await asked('more'), await asked('more')]).toEqual([true, true, true]);
    await chmod(cacheFolder(), 0o700);
    expect(await asked()).toBe(false);
    await rename(cacheFolder(), join(folder, 'moved'));
    await symlink(join(folder, 'moved'), cacheFolder());
    expect(await asked()).toBe(true);
  });

  it('is in the folder of the user where the variable names a relative one', async () => {
    process.env.XDG_CACHE_HOME = 'cache';
    expect(cacheFolder()).toBe(join(homedir(), '.cache', 'ashlar'));
  });

  it('leaves no draft of a crash for long', async () => {
    await mkdir(cacheFolder(), { mode: 0o700 });
    const drafts = ['.steps-1.old', '.steps-1.new', '.other-1.old'].map((name) => join(cacheFolder(), name));
    for (const draft of drafts) await writeFile(draft, '');
    for (const draft of [drafts[0], drafts[2]]) await utimes(draft as string, new Date(0), new Date(0));
    await asked();
    expect((await readdir(cacheFolder())).filter((name) => name.startsWith('.')).sort()).toEqual([
      '.other-1.old',
      '.steps-1.new',
    ]);
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

describe('the mark of code', () => {
  it('is another one after a change of a module, and none of anything else', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'code-'));
    const marks: string[] = [];
    const marked = async (): Promise<void> => {
      marks.push(await codeMark(folder));
    };
    try {
      await mkdir(join(folder, 'inner/node_modules'), { recursive: true });
      await writeFile(join(folder, 'inner/a.js'), 'one');
      await marked();
      for (const name of ['notes.txt', 'inner/node_modules/b.js']) await writeFile(join(folder, name), 'x');
      await marked();
      await writeFile(join(folder, 'inner/a.js'), 'longer');
      await marked();
      await utimes(join(folder, 'inner/a.js'), new Date(0), new Date(0));
      await marked();
      await writeFile(join(folder, 'b.ts'), '');
      await marked();
      expect(marks[0]).toBe(marks[1]);
      expect(new Set(marks).size).toBe(4);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('is known for this package', async () => {
    expect(await ownCode()).toMatch(/^[0-9a-f]{64}$/);
    expect(ownCode()).toBe(ownCode());
  });
});
