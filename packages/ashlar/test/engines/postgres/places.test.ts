import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEngine } from 'ashlar/extend';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ashlar-places-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a folder that is not a PGlite database', () => {
  test('is never overwritten, because a cluster without PG_VERSION looks the same', async () => {
    await mkdir(join(folder, 'base'));
    await writeFile(join(folder, 'base', '1'), 'rows');
    await expect(openEngine({ url: `pglite:${folder}` })).rejects.toMatchObject({ code: 'database-corrupt' });
    expect(await readdir(folder)).toEqual(['base']);
  });

  test('is not initialised with create: false', async () => {
    await expect(openEngine({ url: `pglite:${folder}`, create: false })).rejects.toMatchObject({
      code: 'database-missing',
    });
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a server', () => {
  test('gets no schema with create: false', async () => {
    const url = new URL(inject('postgresUrl'));
    const before = await openEngine({ url: url.href });
    url.searchParams.set('schema', 'never_created');
    await expect(openEngine({ url: url.href, create: false })).rejects.toMatchObject({
      code: 'database-missing',
      message: expect.stringContaining('never_created'),
    });
    const [row] = await before.asOwner((owner) =>
      owner.run(`SELECT count(*)::int AS n FROM pg_namespace WHERE nspname = 'never_created'`),
    );
    await before.close();
    expect(row).toEqual({ n: 0 });
  });

  test.each(['postgres://user:p@ss/w#rd@127.0.0.1:1/x', 'postgres://user:Pa@127.0.0.1:1/ss@127.0.0.1:1/x'])(
    'is not looked for in the middle of a password: %s',
    async (url) => {
      const error = await openEngine({ url }).catch((caught: Error) => caught);
      expect(error).toMatchObject({ code: 'url-invalid' });
      expect(JSON.stringify(error)).not.toMatch(/w#rd|Pa@/);
    },
  );
});
