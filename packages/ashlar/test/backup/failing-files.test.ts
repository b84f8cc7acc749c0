import { promises } from 'node:fs';
import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBackup, listBackups, newBackupKey, pruneBackups } from 'ashlar/backup';
import { openEngine } from 'ashlar/extend';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AshlarError } from '../../src/errors.js';

const key = await newBackupKey();
const keepOne = { last: 1, daily: 0, weekly: 0, monthly: 0 };

type Operation = 'rename' | 'rm' | 'open' | 'link';
const operations = promises as unknown as Record<Operation, (...given: unknown[]) => Promise<unknown>>;

let folder: string;
let backups: string;
let undo: () => void = () => undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ashlar-failing-'));
  backups = join(folder, 'backups');
});
afterEach(async () => {
  undo();
  await rm(folder, { recursive: true, force: true });
});

const put = (name: Operation, work: (...given: unknown[]) => Promise<unknown>): void => {
  const real = operations[name];
  operations[name] = work;
  syncBuiltinESMExports();
  undo = () => {
    operations[name] = real;
    syncBuiltinESMExports();
    undo = () => undefined;
  };
};

/** The operating system fails one operation on the folder of backups. @returns how many there were until now */
const failing = (name: Operation, at: number, code: string): (() => number) => {
  const real = operations[name];
  let count = 0;
  put(name, async (...given) => {
    const path = String(given[0]);
    // to open for reading is no point at which something can be half done
    const counts = path.startsWith(backups) && (name !== 'open' || /w/.test(String(given[1])));
    if (counts && ++count === at)
      throw Object.assign(new Error(`${code}: ${name}, ${path}`), { code, syscall: name, path });
    return real(...given);
  });
  return () => count;
};

const outcome = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

// `npm run faults` tries each write, sync, rename, link and removal of every command, below this process
describe.each(['EIO', 'ENOSPC'])('%s of one operation in a folder of backups', (code) => {
  test.each(['open', 'rename', 'link', 'rm'] as const)(
    'at %s ends with an error that says so; every backup is there, and the next run completes',
    async (name) => {
      const engine = await openEngine({ url: `sqlite:${join(folder, 'app.db')}` });
      await engine.asOwner((owner) => owner.run('CREATE TABLE a (b)'));
      const create = () => createBackup(engine, [], { folder: backups, keys: { key: key.key } });
      const names = async () => (await listBackups(backups)).map((one) => one.name);
      try {
        await create();
        let tried = 0;
        for (const work of [
          create,
          () => pruneBackups({ folder: backups, keep: keepOne, uncounted: true, label: 'app' }),
        ])
          for (let at = 1, count = at; at <= count; at++) {
            const before = await names();
            const counted = failing(name, at, code);
            const error = await outcome(work());
            count = counted();
            undo();
            tried += count >= at ? 1 : 0;
            if (error !== undefined) expect(error).toBeInstanceOf(AshlarError);
            const after = await names();
            if (work !== create) {
              // the newest one is never pruned
              expect(after.at(-1)).toBe(before.at(-1));
              continue;
            }
            expect(after.slice(0, before.length)).toEqual(before);
            const isListed = after.length > before.length;
            if (error === undefined) expect(isListed).toBe(true);
            else if (isListed)
              expect(error).toMatchObject({ message: expect.stringMatching(/is complete and listed/) });
            expect((await create()).name).toBe((await names()).at(-1));
          }
        expect(tried).toBeGreaterThan(0);
        await pruneBackups({ folder: backups, keep: keepOne, uncounted: true, label: 'app' });
        expect(await names()).toHaveLength(1);
        // another process removes the drafts of this one's locks
        const left = (await readdir(backups)).filter((file) => /^\.(?!lock\.draft-)/.test(file));
        expect(left).toEqual([]);
      } finally {
        await engine.close();
      }
    },
  );
});

describe('a file system that cannot sync a folder', () => {
  test.each([
    ['EINVAL', 'is backed up to'],
    ['ENOTSUP', 'is backed up to'],
    ['EIO', 'fails'],
  ])('and says %s %s', async (code, what) => {
    const engine = await openEngine({ url: `sqlite:${join(folder, 'app.db')}` });
    await engine.asOwner((owner) => owner.run('CREATE TABLE a (b)'));
    const handle = await open(folder);
    const { sync } = handle;
    await handle.close();
    const methods = Object.getPrototypeOf(handle) as { sync: typeof sync };
    methods.sync = async function (this: typeof handle) {
      if ((await this.stat()).isDirectory()) throw Object.assign(new Error(code), { code, syscall: 'fsync' });
      return sync.call(this);
    };
    try {
      const made = outcome(createBackup(engine, [], { folder: backups, keys: { key: key.key } }));
      if (what === 'fails') expect(await made).toMatchObject({ code: 'file-failed' });
      else expect(await made).toBeUndefined();
    } finally {
      methods.sync = sync;
      await engine.close();
    }
  });
});
