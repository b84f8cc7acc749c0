import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { syncPath, syncPathNow } from '../../src/files/sync.js';
import { writeAtomically, writeNewFile } from '../../src/files/write.js';

describe('a file', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ashlar-write-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const at = (name: string) => join(folder, name);

  async function* failing(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('half of it');
    throw new Error('the source failed');
  }

  test('is written from a text, bytes or a stream of bytes, for its owner only', async () => {
    async function* stream(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('te');
      yield Buffer.from('xt');
    }
    for (const [name, content] of [
      ['text', 'text'],
      ['bytes', Buffer.from('text')],
      ['stream', stream()],
    ] as const) {
      await writeNewFile(at(name), content);
      expect(await readFile(at(name), 'utf8')).toBe('text');
      expect((await stat(at(name))).mode & 0o777).toBe(0o600);
    }
    await writeNewFile(at('open'), '', 0o644);
    expect((await stat(at('open'))).mode & 0o777).toBe(0o644 & ~process.umask());
  });

  test('never replaces another one, and is removed if it is incomplete', async () => {
    await writeFile(at('kept'), 'kept');
    await expect(writeNewFile(at('kept'), 'new')).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readFile(at('kept'), 'utf8')).toBe('kept');
    await expect(writeNewFile(at('half'), failing())).rejects.toThrow('the source failed');
    expect(await readdir(folder)).not.toContain('half');
  });

  test('that is replaced has the complete old or new content', async () => {
    await writeAtomically(at('atomic'), 'old');
    await writeAtomically(at('atomic'), 'new');
    expect(await readFile(at('atomic'), 'utf8')).toBe('new');
    await expect(writeAtomically(at('atomic'), failing())).rejects.toThrow('the source failed');
    expect(await readFile(at('atomic'), 'utf8')).toBe('new');
    expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('that cannot be renamed leaves no draft', async () => {
    await expect(writeAtomically(folder, 'text')).rejects.toThrow();
    expect((await readdir(join(folder, '..'))).filter((name) => name.startsWith('.ashlar-write-'))).toEqual(
      [],
    );
  });

  test('and a folder can be synced; a missing one cannot', async () => {
    for (const path of [folder, at('atomic')]) {
      await syncPath(path);
      syncPathNow(path);
    }
    await expect(syncPath(at('missing'))).rejects.toMatchObject({ code: 'ENOENT' });
    expect(() => syncPathNow(at('missing'))).toThrow(/ENOENT/);
  });
});
