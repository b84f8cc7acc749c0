import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type Engine, openEngine } from 'ashlar/extend';
import { maintain, newStep, up } from 'ashlar/migrations';
import { failuresOf, prove } from 'ashlar/prove';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Copy, PutOptions } from '../../../src/contract/copies.js';
import { pgliteCopies } from '../../../src/engines/postgres/pglite/copies.js';
import { type Folder, makeFolder } from '../../migrations/folder.js';
import { asSystem, fill, writeMore } from '../../prove/every-guarantee.js';

// each kill takes seconds; directory-replace.test.ts kills the renames more often
const kills = 4;

const built = fileURLToPath(new URL('../../../build/engines/postgres/pglite/copies.js', import.meta.url));

const copyOf = (bytes: Uint8Array): Copy => ({ format: 'pglite-tar', bytes: Readable.from([bytes]) });
const how = (options: Partial<PutOptions> = {}): PutOptions => ({
  check: async () => undefined,
  replace: false,
  ...options,
});

const letters = async (engine: Engine): Promise<number> => {
  const { rows } = await engine.asOwner(async ({ run }) => ({
    rows: await run('SELECT count(*) AS n FROM letters'),
  }));
  return Number(rows[0]?.n);
};

const lettersAt = async (url: string): Promise<number> => {
  const engine = await openEngine({ url, create: false });
  try {
    return await letters(engine);
  } finally {
    await engine.close();
  }
};

describe('copies of PGlite', () => {
  let steps: Folder;
  let engine: Engine;
  /** A copy with six letters, and a later copy with nine. */
  let six: Buffer;
  let nine: Buffer;
  beforeAll(async () => {
    steps = await makeFolder();
    const system = asSystem(steps.url);
    await newStep(system, steps.url, 'initial');
    engine = await openEngine({ url: 'pglite:memory' });
    await up(engine, system);
    await maintain(engine, Object.values(system.tables), new Date());
    await fill(engine, steps.url);
    six = await engine.snapshot((snapshot) => buffer(snapshot.copy()));
    await writeMore(engine, steps.url);
    nine = await engine.snapshot((snapshot) => buffer(snapshot.copy()));
  });
  afterAll(async () => {
    await engine.close();
    await steps.remove();
  });

  let folder: string;
  let url: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ashlar-copies-'));
    url = `pglite:${join(folder, 'data')}`;
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('are restored with all guarantees, and the ledger can be appended to', async () => {
    let seen: number | undefined;
    await pgliteCopies.put(
      { url },
      copyOf(six),
      how({
        check: async (copy) => {
          seen = await letters(copy);
        },
      }),
    );
    expect(seen).toBe(6);
    const restored = await openEngine({ url });
    const system = asSystem(steps.url);
    await writeMore(restored, steps.url);
    const proof = await prove(restored, system);
    await restored.close();
    expect(failuresOf(proof)).toEqual([]);
    expect(proof.ledgers).toMatchObject([
      { ledger: 'every/trail', ok: true },
      { ledger: 'every/letters', size: 9, checked: 9, ok: true },
    ]);
    expect((await readdir(join(folder, 'data'))).filter((name) => name.startsWith('ashlar'))).toEqual([]);
  });

  test('are consistent: rows written while one is read are not in it', async () => {
    const [before, bytes] = await engine.snapshot(async (snapshot) => {
      const counted = await snapshot.count('letters');
      const copy = snapshot.copy();
      const writing = writeMore(engine, steps.url);
      // the connection is free when the copy is in memory, long before it is read
      await writing;
      return [counted, await buffer(copy)] as const;
    });
    expect(await letters(engine)).toBe(before + 3);
    expect(await pgliteCopies.examine({ url }, copyOf(bytes), letters)).toBe(before);
  });

  test('hold the connection for the tar, not for its compression', async () => {
    const start = performance.now();
    let waited = 0;
    const writing = pause(5).then(() =>
      writeMore(engine, steps.url).then(() => {
        waited = performance.now() - start;
      }),
    );
    await engine.snapshot((snapshot) => buffer(snapshot.copy()));
    const all = performance.now() - start;
    await writing;
    expect(waited).toBeLessThan(all);
  });

  test('cannot be read after they are copied', async () => {
    await expect(
      engine.snapshot(async (snapshot) => {
        await buffer(snapshot.copy());
        return snapshot.count('letters');
      }),
    ).rejects.toMatchObject({ code: 'usage' });
    expect(await letters(engine)).toBeGreaterThan(0);
  });

  test('are checked in memory, without writing a file', async () => {
    expect(await pgliteCopies.examine({ url }, copyOf(nine), letters)).toBe(9);
    expect(await readdir(folder)).toEqual([]);
  });

  test('replace an existing database only with replace', async () => {
    await pgliteCopies.put({ url }, copyOf(nine), how());
    await expect(pgliteCopies.put({ url }, copyOf(six), how())).rejects.toMatchObject({
      code: 'restore-target-not-empty',
    });
    expect(await lettersAt(url)).toBe(9);
    await pgliteCopies.put({ url }, copyOf(six), how({ replace: true }));
    expect(await lettersAt(url)).toBe(6);
  });

  test('never replace a folder with other files', async () => {
    const data = join(folder, 'data');
    await mkdir(data);
    await writeFile(join(data, 'thesis.txt'), 'years of work');
    await expect(pgliteCopies.put({ url }, copyOf(six), how({ replace: true }))).rejects.toMatchObject({
      code: 'restore-target-not-empty',
    });
    expect(await readdir(data)).toEqual(['thesis.txt']);
  });

  test('leave the target unchanged if the check fails', async () => {
    const refusing = async () => {
      throw new Error('refused by the check');
    };
    await expect(pgliteCopies.put({ url }, copyOf(six), how({ check: refusing }))).rejects.toThrow(
      'refused by the check',
    );
    expect(await readdir(folder)).toEqual([]);
    await pgliteCopies.put({ url }, copyOf(nine), how());
    const before = (await readdir(join(folder, 'data'))).toSorted();
    await expect(
      pgliteCopies.put({ url }, copyOf(six), how({ check: refusing, replace: true })),
    ).rejects.toThrow('refused by the check');
    expect((await readdir(join(folder, 'data'))).toSorted()).toEqual(before);
    expect(await lettersAt(url)).toBe(9);
  });

  test('are refused while the target is open', async () => {
    await pgliteCopies.put({ url }, copyOf(nine), how());
    const user = await openEngine({ url });
    await expect(pgliteCopies.put({ url }, copyOf(six), how({ replace: true }))).rejects.toMatchObject({
      code: 'database-locked',
    });
    expect(await letters(user)).toBe(9);
    await user.close();
  });

  test('that are damaged, of another version or of another engine are refused with an error code', async () => {
    const tar = gunzipSync(six);
    let header = tar.indexOf('/PG_VERSION\0');
    // the PG_VERSION files of its databases have longer paths
    while (header % 512 !== 0) header = tar.indexOf('/PG_VERSION\0', header + 1);
    const version = tar.indexOf('\n', header + 512);
    tar[version - 1] = '7'.charCodeAt(0);
    const refused = (bytes: Uint8Array, format: Copy['format'] = 'pglite-tar') =>
      Promise.all([
        expect(pgliteCopies.examine({ url }, { ...copyOf(bytes), format }, letters)).rejects.toMatchObject({
          code: expect.stringMatching(/^(copy-unfit|database-corrupt)$/),
        }),
        expect(pgliteCopies.put({ url }, { ...copyOf(bytes), format }, how())).rejects.toMatchObject({
          code: expect.stringMatching(/^(copy-unfit|database-corrupt)$/),
        }),
      ]);
    await refused(six.subarray(0, six.length / 2));
    await refused(gzipSync('no tar at all'));
    await refused(gzipSync(tar, { level: 1 }));
    await refused(six, 'sqlite');
    expect(await readdir(folder)).toEqual([]);
  });

  test('cannot be restored into memory', async () => {
    await expect(pgliteCopies.put({ url: 'pglite:memory' }, copyOf(six), how())).rejects.toMatchObject({
      code: 'usage',
    });
  });

  test('a restore that is killed leaves the old or the new database', async () => {
    const files = [join(folder, 'six'), join(folder, 'nine')];
    await pipeline(Readable.from([six]), createWriteStream(files[0] as string));
    await pipeline(Readable.from([nine]), createWriteStream(files[1] as string));
    await pgliteCopies.put(
      { url },
      { format: 'pglite-tar', bytes: createReadStream(files[1] as string) },
      how(),
    );
    const found: number[] = [];
    for (let kill = 0; kill < kills; kill++) {
      const worker: ChildProcess = spawn(
        process.execPath,
        [fileURLToPath(new URL('copies-worker.mjs', import.meta.url)), built, url, ...files],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      if (worker.stdout) await once(worker.stdout, 'data');
      await pause(Math.random() * 2_500);
      worker.kill('SIGKILL');
      await once(worker, 'exit');
      found.push(await lettersAt(url));
      expect((await readdir(join(folder, 'data'))).filter((name) => name.startsWith('ashlar'))).toEqual([]);
      expect(await readFile(join(folder, 'data', 'PG_VERSION'), 'utf8')).toMatch(/^\d+\n$/);
    }
    expect(found.every((letters) => letters === 6 || letters === 9)).toBe(true);
  });
});
