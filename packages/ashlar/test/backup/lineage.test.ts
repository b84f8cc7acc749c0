import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBackup, listBackups, newBackupKey, pruneBackups, restoreBackup } from 'ashlar/backup';
import { openEngine } from 'ashlar/extend';
import { up } from 'ashlar/migrations';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { backupsReport } from '../../src/backup/backups-report.js';
import { shop } from './setup.js';

const keepOne = { last: 1, daily: 0, weekly: 0, monthly: 0 };
const key = await newBackupKey();
const keys = { key: key.key };

let made: string;
beforeAll(async () => {
  made = await mkdtemp(join(tmpdir(), 'ashlar-lineage-made-'));
  const engine = await openEngine({ url: `sqlite:${join(made, 'app.db')}` });
  await up(engine, shop);
  await engine.close();
});
afterAll(() => rm(made, { recursive: true, force: true }));

let folder: string;
let path: string;
let backups: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ashlar-lineage-'));
  path = join(folder, 'app.db');
  backups = join(folder, 'backups');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const begin = (): void => copyFileSync(join(made, 'app.db'), path);
const back = async (into = backups, systems: readonly (typeof shop)[] = []) => {
  const engine = await openEngine({ url: `sqlite:${path}`, create: false });
  try {
    return await createBackup(engine, systems, { folder: into, keys });
  } finally {
    await engine.close();
  }
};
const left = async (in_ = backups): Promise<readonly string[]> =>
  (await listBackups(in_)).map(({ name }) => name);

/** Several files take turns at one path, as the same path in several containers does. */
class Turns {
  #now = 'first';
  take(which: string): void {
    if (which === this.#now) return;
    renameSync(path, join(folder, this.#now));
    renameSync(join(folder, which), path);
    this.#now = which;
  }
  copyTo(which: string): void {
    copyFileSync(path, join(folder, which));
  }
}

test('a copy that counts faster than the original is not taken for it', async () => {
  begin();
  const turns = new Turns();
  await back();
  turns.copyTo('copy');
  const original = [await back(), await back()].map(({ name }) => name);
  turns.take('copy');
  for (let at = 0; at < 6; at++) await back(join(folder, 'other'));
  const copy = (await back()).name;
  await pruneBackups({ folder: backups, keep: keepOne });
  expect(await left()).toEqual([original[1], copy]);
});

test('the first backup of a copy at the same place leaves the newest one of the original', async () => {
  begin();
  const turns = new Turns();
  await back();
  const original = (await back()).name;
  turns.copyTo('copy');
  turns.take('copy');
  const copy = (await back()).name;
  await pruneBackups({ folder: backups, keep: keepOne });
  expect(await left()).toEqual([original, copy]);
});

test('a database without an identity, which is removed and made again at one path, loses no backup', async () => {
  const names: string[] = [];
  for (let at = 0; at < 3; at++) {
    rmSync(path, { force: true });
    const engine = await openEngine({ url: `sqlite:${path}` });
    await engine.asOwner((owner) =>
      owner.run('CREATE TABLE anything (id INTEGER NOT NULL PRIMARY KEY) STRICT'),
    );
    names.push((await createBackup(engine, [], { folder: backups, keys })).name);
    await engine.close();
  }
  const decided = await pruneBackups({ folder: backups, keep: keepOne });
  expect(await left()).toEqual(names);
  expect(decided[0]?.why).toEqual([expect.stringContaining('`ashlar up`')]);
});

test('backups of two copies that are brought together are kept from the fork on, with the reason', async () => {
  begin();
  const turns = new Turns();
  await back(join(folder, 'a'));
  turns.copyTo('copy');
  await cp(join(folder, 'a'), join(folder, 'b'), { recursive: true });
  for (let at = 0; at < 2; at++) await back(join(folder, 'a'));
  turns.take('copy');
  for (let at = 0; at < 2; at++) await back(join(folder, 'b'));
  for (const host of ['a', 'b']) await cp(join(folder, host), backups, { recursive: true });
  const all = await left();
  expect(all).toHaveLength(5);
  const decided = await pruneBackups({ folder: backups, keep: keepOne });
  expect(await left()).toEqual(all);
  expect(decided.every(({ why }) => why.some((one) => one.includes('two databases')))).toBe(true);
});

test('one database that backs up into two folders is not taken for two where both come together', async () => {
  begin();
  for (const host of ['a', 'b', 'a', 'b', 'a']) await back(join(folder, host));
  await pruneBackups({ folder: join(folder, 'a'), keep: keepOne });
  for (const host of ['a', 'b']) await cp(join(folder, host), backups, { recursive: true });
  const newest = (await left()).at(-1);
  await pruneBackups({ folder: backups, keep: keepOne });
  expect(await left()).toEqual([newest]);
});

test('a backup that could not be counted is kept, and says so', async () => {
  begin();
  await back();
  const engine = await openEngine({ url: `sqlite:${path}`, create: false });
  await engine.asOwner((owner) =>
    owner.run(
      "CREATE TRIGGER no_count BEFORE INSERT ON ashlar_database BEGIN SELECT RAISE(ABORT, 'not now'); END",
    ),
  );
  await engine.close();
  const uncounted = [await back(), await back()];
  expect(uncounted.map(({ identity }) => identity?.number)).toEqual([null, null]);
  const all = await left();
  const decided = await pruneBackups({ folder: backups, keep: { ...keepOne, last: 0 } });
  expect(await left()).toEqual(all);
  expect(decided.find(({ name }) => name === uncounted[0]?.name)).toMatchObject({
    why: [expect.stringContaining('could not be counted')],
    isCounted: false,
    bytes: expect.any(Number),
  });
  await pruneBackups({ folder: backups, keep: keepOne, uncounted: true, label: 'app' });
  expect(await left()).toEqual([uncounted[1]?.name]);
});

test('uncounted backups of a label that two databases have are pruned apart from both', async () => {
  begin();
  await back();
  const another = join(folder, 'other');
  mkdirSync(another);
  copyFileSync(join(made, 'app.db'), join(another, 'app.db'));
  const mine = path;
  path = join(another, 'app.db');
  const its = await back();
  const refuse =
    "CREATE TRIGGER no_count BEFORE INSERT ON ashlar_database BEGIN SELECT RAISE(ABORT, 'not now'); END";
  const engine = await openEngine({ url: `sqlite:${mine}`, create: false });
  await engine.asOwner((owner) => owner.run(refuse));
  await engine.close();
  path = mine;
  const [, last] = [await back(), await back()];
  await pruneBackups({ folder: backups, keep: keepOne, uncounted: true, label: 'app' });
  expect(await left()).toHaveLength(3);
  expect(await left()).toEqual(expect.arrayContaining([its.name, last?.name]));
});

test('the newest backup of each system stays, where two projects back up one database under one label', async () => {
  begin();
  const names: string[] = [];
  for (const systems of [[shop], [], [shop], [], []]) names.push((await back(backups, systems)).name);
  const decided = await pruneBackups({ folder: backups, keep: keepOne });
  expect(await left()).toEqual([names[2], names[4]]);
  expect(decided.find(({ name }) => name === names[2])?.why).toEqual(['newest with the system shop']);
  await back(backups, [shop]);
  await pruneBackups({ folder: backups, keep: keepOne });
  expect(await left()).toHaveLength(1);
});

test.each([
  ['years behind', '2001-02-03T04:05:06Z'],
  ['years ahead', '2099-02-03T04:05:06Z'],
])(
  'the newest backup is the one that was counted last, where the clock that dated it was %s',
  async (_, time) => {
    begin();
    const before = await back();
    vi.useFakeTimers({ toFake: ['Date'], now: new Date(time) });
    let wrong: string;
    try {
      wrong = (await back()).name;
      await pruneBackups({ folder: backups, keep: keepOne });
      // by a clock that is behind, the earlier one is of the future
      expect(await left()).toEqual(expect.arrayContaining([wrong]));
    } finally {
      vi.useRealTimers();
    }
    await pruneBackups({ folder: backups, keep: keepOne });
    expect(await left()).toEqual(time.startsWith('2001') ? [wrong] : expect.arrayContaining([wrong]));
    const after = await back();
    await pruneBackups({ folder: backups, keep: keepOne });
    expect((await left()).toSorted()).toEqual(
      (time.startsWith('2001') ? [after.name] : [after.name, wrong]).toSorted(),
    );
    expect(await left()).not.toContain(before.name);
  },
);

test('a backup of a host whose clock is some minutes ahead is the last one, and no problem', async () => {
  begin();
  vi.useFakeTimers({ toFake: ['Date'], now: new Date(Date.now() + 240_000) });
  let ahead: string;
  try {
    ahead = (await back(backups, [shop])).name;
  } finally {
    vi.useRealTimers();
  }
  const engine = await openEngine({ url: `sqlite:${path}`, create: false });
  try {
    const report = await backupsReport(engine, shop, { folder: backups, rows: {}, now: new Date() });
    expect(report).toMatchObject({ last: { name: ahead }, problems: [] });
  } finally {
    await engine.close();
  }
});

test('another database that is restored over one does not get its identity', async () => {
  begin();
  await back();
  const good = await back();
  renameSync(path, join(folder, 'good.db'));
  begin();
  const wrong = await back();
  renameSync(join(folder, 'good.db'), path);
  await restoreBackup(wrong.name, [], {
    folder: backups,
    keys,
    to: { url: `sqlite:${path}` },
    replace: true,
  });
  const after = await back();
  expect(after.identity?.database).not.toBe(good.identity?.database);
  await pruneBackups({ folder: backups, keep: keepOne });
  expect(await left()).toContain(good.name);
});

test('a backup of a copy that is restored over the original does not get its identity', async () => {
  begin();
  const turns = new Turns();
  await back();
  turns.copyTo('copy');
  const good = await back();
  turns.take('copy');
  const wrong = await back(join(folder, 'other'));
  turns.take('first');
  const options = { folder: join(folder, 'other'), keys, to: { url: `sqlite:${path}` }, replace: true };
  await restoreBackup(wrong.name, [], options);
  await back();
  await pruneBackups({ folder: backups, keep: keepOne });
  expect(await left()).toContain(good.name);
});

test('what was backed up after the backup that is put back is kept, although the identity is kept too', async () => {
  begin();
  const first = await back();
  const abandoned = await back();
  await restoreBackup(first.name, [], {
    folder: backups,
    keys,
    to: { url: `sqlite:${path}` },
    replace: true,
  });
  const after = await back();
  expect(after.identity).toMatchObject({ database: first.identity?.database, number: 3 });
  await back();
  const last = await back();
  await pruneBackups({ folder: backups, keep: keepOne });
  expect(await left()).toEqual([abandoned.name, last.name]);
});

test('the report counts no backup of a copy as one of the original', async () => {
  begin();
  const own = await back(backups, [shop]);
  const staging = join(folder, 'staging.db');
  await cp(path, staging);
  await rename(path, join(folder, 'away.db'));
  await rename(staging, path);
  await back(backups, [shop]);
  await rename(join(folder, 'away.db'), path);
  const engine = await openEngine({ url: `sqlite:${path}`, create: false });
  try {
    const report = await backupsReport(engine, shop, { folder: backups, rows: {}, now: new Date() });
    expect(report).toMatchObject({ count: 1, last: { name: own.name } });
  } finally {
    await engine.close();
  }
});

type Step = readonly ['back' | 'elsewhere' | 'copy' | 'prune' | 'fail' | 'verify', number];
const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom('back', 'back', 'elsewhere', 'copy', 'prune', 'fail'),
  fc.integer({ min: 0, max: 2 }),
);

describe('whatever copies, failures and folders came before', () => {
  test('the past of each removed backup is in a kept one, and each database keeps its newest', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 9 }), async (steps) => {
        const root = mkdtempSync(join(folder, 'run-'));
        const file = (at: number) => join(root, `app-${at}.db`);
        const place = join(root, 'app.db');
        const [into, other] = [join(root, 'backups'), join(root, 'other')];
        mkdirSync(into);
        copyFileSync(join(made, 'app.db'), file(0));
        /** The backups in the past of each file. */
        const past = new Map<number, string[]>([[0, []]]);
        const pastOf = new Map<string, ReadonlySet<string>>();
        const newest = new Map<number, string>();
        for (const [what, at] of steps) {
          const which = past.has(at) ? at : 0;
          const behind = past.get(which) ?? [];
          if (what === 'copy') {
            if (existsSync(file(at))) continue;
            copyFileSync(file(0), file(at));
            past.set(at, [...(past.get(0) ?? [])]);
          } else if (what === 'prune') {
            const decided = await pruneBackups({ folder: into, keep: keepOne });
            const kept = decided.filter(({ verdict }) => verdict === 'kept').map(({ name }) => name);
            for (const { name, verdict } of decided)
              if (verdict === 'removed') expect(kept.some((one) => pastOf.get(one)?.has(name))).toBe(true);
            for (const one of newest.values()) expect(kept).toContain(one);
          } else {
            renameSync(file(which), place);
            const engine = await openEngine({ url: `sqlite:${place}`, create: false });
            const target = what === 'elsewhere' ? other : into;
            try {
              const making = createBackup(engine, [], {
                folder: target,
                keys,
                label: what === 'fail' ? '!' : 'app',
              });
              if (what === 'fail') await making.catch(() => undefined);
              else {
                const { name } = await making;
                pastOf.set(name, new Set(behind));
                past.set(which, [...behind, name]);
                if (target === into) newest.set(which, name);
              }
            } finally {
              await engine.close();
            }
            renameSync(place, file(which));
          }
        }
        expect(readdirSync(root).length).toBeGreaterThan(0);
      }),
      { numRuns: 8 },
    );
  });
});
