import { statSync, utimesSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir, uptime } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  asyncProperty,
  assert as check,
  constantFrom,
  integer,
  oneof,
  property,
  record,
  string,
  uint8Array,
} from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeHolder, type LockHolder, type LockOptions, takeLock } from '../../src/files/lock.js';
import {
  formatOwner,
  isLockFile,
  type LockOwner,
  nextGeneration,
  parseOwner,
} from '../../src/files/lock-file.js';
import { thisProcess } from '../../src/files/process.js';
import { Worker } from './workers.js';

/** What `takeLock` throws here. */
class Locked extends Error {
  constructor(readonly holder: LockHolder) {
    super('locked');
  }
}

describe('a lock on a folder', () => {
  let root = '';
  let folders = 0;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'ashlar-lock-'));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  const newFolder = async (): Promise<string> => {
    const folder = join(root, `${folders++}`);
    await mkdir(folder);
    return folder;
  };
  const heartbeat = { every: 20, silence: 60_000 };
  const take = (folder: string, options: Partial<LockOptions> = {}) =>
    takeLock({ folder, name: 'a.lock', heartbeat, locked: (holder) => new Locked(holder), ...options });
  const refused = async (folder: string, options: Partial<LockOptions> = {}): Promise<LockHolder> => {
    const error = await take(folder, options).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error instanceof Locked) return error.holder;
    throw error ?? new Error('the lock was taken');
  };
  const me = (): LockOwner => ({ ...thisProcess(), token: '0'.repeat(32) });
  const write = (folder: string, owner: Partial<LockOwner>, generation = 1) =>
    writeFile(join(folder, `a.lock.${generation}`), formatOwner({ ...me(), ...owner }));

  test('is held until it is released, and leaves nothing in the folder', async () => {
    const folder = await newFolder();
    const lock = await take(folder);
    expect(await readdir(folder)).toEqual(['a.lock.1']);
    const holder = await refused(folder);
    expect(describeHolder(holder)).toBe('this process');
    expect(holder.file).toBe(join(folder, 'a.lock.1'));
    // another name is another lock
    await (await take(folder, { name: 'b.lock' })).release();
    await lock.release();
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
    await (await take(folder)).release();
  });

  test('is taken once by many callers of one process', async () => {
    const folder = await newFolder();
    const taken = await Promise.allSettled(Array.from({ length: 20 }, () => take(folder)));
    const locks = taken.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(locks).toHaveLength(1);
    for (const lock of locks) await lock.release();
    expect(await readdir(folder)).toEqual([]);
  });

  test('names the process that holds it, and is taken over from a killed one', async () => {
    const folder = await newFolder();
    const worker = await Worker.start();
    await worker.do('take', { folder });
    expect(describeHolder(await refused(folder))).toBe(`process ${worker.pid}`);
    await worker.kill();
    const lock = await take(folder);
    expect(await readdir(folder)).toEqual(['a.lock.2']);
    await lock.release();
  });

  test('is not taken over from a halted process', async () => {
    const folder = await newFolder();
    const worker = await Worker.start();
    await worker.do('take', { folder });
    const halted = worker.halt(100);
    await pause(20);
    expect((await refused(folder, { heartbeat: { every: 20, silence: 1 } })).owner?.pid).toBe(worker.pid);
    await halted;
    await worker.kill();
  });

  test('distinguishes a process from an earlier one with the same number by start time and boot', async () => {
    const folder = await newFolder();
    await write(folder, {});
    await refused(folder);
    await write(folder, { started: '1' });
    await (await take(folder)).release();
    await write(folder, { boot: 'an earlier boot' });
    const before = new Date(Date.now() - uptime() * 1_000 - 60_000);
    await utimes(join(folder, 'a.lock.1'), before, before);
    await (await take(folder, { heartbeat: { every: 20, silence: 2 ** 52 } })).release();
    expect(await readdir(folder)).toEqual([]);
  });

  test('is held by another machine with the same host name until it is silent for long enough', async () => {
    const folder = await newFolder();
    await write(folder, { boot: 'that of another machine' });
    const holder = await refused(folder);
    expect(holder.isUnseen).toBe(true);
    expect(describeHolder(holder)).toMatch(/^process \d+ on /);
    await refused(folder, { heartbeat: undefined });
    const before = new Date(Date.now() - 70_000);
    await utimes(join(folder, 'a.lock.1'), before, before);
    await (await take(folder)).release();
  });

  test('is held by a host or container that cannot be seen until it is silent for long enough', async () => {
    const folder = await newFolder();
    const file = join(folder, 'a.lock.1');
    for (const owner of [{ host: 'other.example', boot: 'other' }, { namespace: '1' }]) {
      await write(folder, owner);
      const holder = await refused(folder);
      expect(holder.isUnseen).toBe(true);
      const before = new Date(Date.now() - 70_000);
      await utimes(file, before, before);
      await refused(folder, { heartbeat: { every: 20, silence: 80_000 } });
      // without a heartbeat silence says nothing
      await refused(folder, { heartbeat: undefined });
      await (await take(folder)).release();
    }
    expect(describeHolder(await unseen(folder, { host: 'other.example', boot: 'other' }))).toMatch(
      /^process \d+ on other\.example$/,
    );
    expect(describeHolder(await unseen(folder, { namespace: '1' }))).toMatch(/in another container$/);
  });

  test('is taken over from another container of this machine when its file does not change while it is watched', async () => {
    const folder = await newFolder();
    const file = join(folder, 'a.lock.1');
    const watching = { heartbeat: { every: 20, silence: 60_000, watch: 150 } };
    await write(folder, { namespace: '1' });
    const start = performance.now();
    await (await take(folder, watching)).release();
    expect(performance.now() - start).toBeGreaterThan(149);
    await write(folder, { namespace: '1' });
    const holder = setInterval(() => utimes(file, new Date(), new Date()), 40);
    expect(await refused(folder, watching)).toMatchObject({ file, isUnseen: true, isWatched: false });
    clearInterval(holder);
    // another kernel may have another clock, and its heartbeat arrives late
    await write(folder, { host: 'other.example', boot: 'other' });
    await refused(folder, watching);
  });

  test.each([
    ['years behind', -3 * 365 * 86_400_000],
    ['years ahead', 3 * 365 * 86_400_000],
    ['at 1970', -Date.now()],
  ])(
    'is not taken over from a holder whose clock is %s, as long as it beats; and is from a dead one',
    async (_, by) => {
      const folder = await newFolder();
      const file = join(folder, 'a.lock.1');
      const at = () => new Date(Date.now() + by + performance.now());
      for (const owner of [
        { host: 'other.example', boot: 'other' },
        { boot: 'that of another machine' },
        { namespace: '1' },
        undefined,
      ]) {
        if (owner) await write(folder, owner);
        else await writeFile(file, 'unreadable');
        await utimes(file, at(), at());
        const holder = setInterval(() => utimesSync(file, at(), at()), 15);
        expect(await refused(folder)).toMatchObject({ file, isUnseen: true });
        clearInterval(holder);
        await (await take(folder)).release();
        expect(await readdir(folder)).toEqual([]);
      }
    },
  );

  test('shows that it runs while the event loop is blocked', async () => {
    const folder = await newFolder();
    const file = join(folder, 'a.lock.1');
    const lock = await take(folder);
    await utimes(file, new Date(0), new Date(0));
    while ((await stat(file)).mtimeMs === 0) await pause(10);
    utimesSync(file, new Date(0), new Date(0));
    const end = Date.now() + 1_000;
    while (statSync(file).mtimeMs === 0 && Date.now() < end);
    expect(statSync(file).mtimeMs).not.toBe(0);
    await lock.release();
  });

  const unseen = async (folder: string, owner: Partial<LockOwner>): Promise<LockHolder> => {
    await write(folder, owner);
    return refused(folder);
  };

  test('shows by its time that its holder runs, and stops when it is released', async () => {
    const folder = await newFolder();
    const file = join(folder, 'a.lock.1');
    const lock = await take(folder);
    await utimes(file, new Date(0), new Date(0));
    while ((await stat(file)).mtimeMs === 0) await pause(10);
    await lock.release();
    await pause(60);
    await writeFile(file, '');
    await utimes(file, new Date(0), new Date(0));
    await pause(60);
    expect((await stat(file)).mtimeMs).toBe(0);
  });

  test('is released by its holder only', async () => {
    const folder = await newFolder();
    const file = join(folder, 'a.lock.1');
    const lock = await take(folder);
    // another host took the holder for dead, and put its own lock in the place
    await write(folder, { host: 'other.example', boot: 'other' });
    await write(folder, { host: 'other.example', boot: 'other' }, 2);
    const text = await readFile(file, 'utf8');
    await lock.release();
    expect(await readFile(file, 'utf8')).toBe(text);
    expect((await readdir(folder)).sort()).toEqual(['a.lock.1', 'a.lock.2']);
  });

  test('is not taken while a lower or higher generation has a live owner', async () => {
    const folder = await newFolder();
    for (const live of [1, 2, 3]) {
      for (const generation of [1, 2, 3])
        await write(folder, generation === live ? {} : { started: '1' }, generation);
      expect((await refused(folder)).file).toBe(join(folder, `a.lock.${live}`));
    }
    await write(folder, { started: '1' }, 3);
    const lock = await take(folder);
    expect(await readdir(folder)).toEqual(['a.lock.4']);
    await lock.release();
  });

  test('removes the drafts of killed processes, and keeps those of running ones', async () => {
    const folder = await newFolder();
    const { pid, namespace } = thisProcess();
    const draft = (mark: string) => `a.lock.draft-${mark}-${'0'.repeat(32)}`;
    const [gone, running, other] = [`${pid}-1-${namespace}`, `${pid}-0-${namespace}`, `${pid}-1-1`].map(
      draft,
    );
    for (const name of [gone, running, other, 'a.lock.draft-?'])
      await writeFile(join(folder, name ?? ''), '');
    await (await take(folder)).release();
    expect((await readdir(folder)).sort()).toEqual([other, running, 'a.lock.draft-?'].sort());
    const before = new Date(Date.now() - 70_000);
    for (const name of await readdir(folder)) await utimes(join(folder, name), before, before);
    await (await take(folder)).release();
    expect(await readdir(folder)).toEqual([running]);
  });

  test('in a file that cannot be parsed counts as held, and after a while as dead', async () => {
    await check(
      asyncProperty(oneof(uint8Array({ maxLength: 6000 }), json), async (content) => {
        const folder = await newFolder();
        const file = join(folder, 'a.lock.1');
        await writeFile(file, content);
        const text = Buffer.from(content).toString();
        if (parseOwner(text) === undefined) {
          expect(describeHolder(await refused(folder))).toBe('an unknown process');
          const before = new Date(Date.now() - 400_000);
          await utimes(file, before, before);
          // five minutes, where the lock has no heartbeat
          await (await take(folder, { heartbeat: undefined })).release();
          await writeFile(file, content);
          await utimes(file, before, before);
        } else expect(text).not.toBe('');
        await (await take(folder, { heartbeat: { every: 1, silence: 60_000 } })).release();
        expect(await readdir(folder)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  /** Text like that of a lock file, of a process that does not exist. */
  const json = record(
    {
      pid: oneof(constantFrom(0, -1, 1.5, null, '1'), integer({ min: 2 ** 30 })),
      started: oneof(string(), integer()),
      namespace: constantFrom(thisProcess().namespace, 0),
      boot: constantFrom(thisProcess().boot, null),
      host: constantFrom(thisProcess().host, false),
      token: constantFrom('0'.repeat(32), 'x', 1),
    },
    { requiredKeys: [] },
  ).map((value) => Buffer.from(JSON.stringify(value)));

  test('in a folder instead of a file counts as held, and after a while as dead', async () => {
    const folder = await newFolder();
    const file = join(folder, 'a.lock.1');
    await mkdir(file);
    await refused(folder);
    await utimes(file, new Date(0), new Date(0));
    await (await take(folder)).release();
    expect(await readdir(folder)).toEqual(['a.lock.1']);
  });

  test('of a folder that is removed or moved while it is held can still be released', async () => {
    const [one, two] = [await newFolder(), await newFolder()];
    const [first, second] = [await take(one), await take(two)];
    await rm(one, { recursive: true });
    await rename(two, `${two}-moved`);
    await first.release();
    await second.release();
    await expect(take(one)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('the files of a lock', () => {
  const owner = record({
    pid: integer({ min: 1 }),
    started: string(),
    namespace: string(),
    boot: string(),
    host: string({ unit: 'binary' }),
    token: string({ unit: constantFrom(...'0123456789abcdef'), minLength: 32, maxLength: 32 }),
  });

  test('are read as they were written', () => {
    check(
      property(owner, (one) => {
        expect(parseOwner(formatOwner(one))).toEqual(one);
      }),
    );
  });

  test('are not parsed if they are incomplete', () => {
    check(
      property(owner, integer({ min: 0 }), (one, length) => {
        const text = formatOwner(one);
        expect(parseOwner(text.slice(0, length % (text.length - 1)))).toBeUndefined();
      }),
    );
  });

  test('are distinguished from other files', () => {
    expect(
      ['a.lock.1', 'a.lock.999999999', 'a.lock.draft-1-2-3-x'].map((name) => isLockFile(name, 'a.lock')),
    ).toEqual([true, true, true]);
    const others = [
      'a.lock',
      'a.lock.0',
      'a.lock.01',
      'a.lock.1.bak',
      'a.lock.1000000000',
      'a.lockx1',
      'xa.lock.1',
    ];
    expect(others.filter((name) => isLockFile(name, 'a.lock'))).toEqual([]);
  });

  test('get the next number, or a free one after the highest', () => {
    expect(nextGeneration([])).toBe(1);
    expect(nextGeneration([4, 7])).toBe(8);
    expect(nextGeneration([999_999_999])).toBe(1);
    expect(nextGeneration([1, 2, 4, 999_999_999])).toBe(3);
  });
});
