import { cp, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBackup, listBackups, newBackupKey, pruneBackups } from 'ashlar/backup';
import { openEngine } from 'ashlar/extend';
import { up } from 'ashlar/migrations';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readIdentity } from '../../src/backup/identity.js';
import { formatManifest, signManifest } from '../../src/backup/manifest.js';
import { status } from '../../src/status/status.js';
import { backup as frozen } from '../frozen/frozen.js';
import { everywhere, fixtures, shop } from './setup.js';

const keepOne = { last: 1, daily: 0, weekly: 0, monthly: 0 };
const key = await newBackupKey();

let folder: string;
let backups: string;
const start = process.cwd();
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ashlar-identity-'));
  backups = join(folder, 'backups');
});
afterEach(async () => {
  process.chdir(start);
  await rm(folder, { recursive: true, force: true });
});

const make = async (url: string, initialise = true): Promise<string> => {
  const engine = await openEngine({ url });
  try {
    if (initialise) await up(engine, shop);
    const { name } = await createBackup(engine, initialise ? [shop] : [], {
      folder: backups,
      keys: { key: key.key },
    });
    return name;
  } finally {
    await engine.close();
  }
};

const left = async (): Promise<readonly string[]> =>
  (await listBackups(backups)).map(({ name }) => name).sort();

const pruned = async (): Promise<readonly string[]> => {
  await pruneBackups({ folder: backups, keep: keepOne });
  return left();
};

describe('a keep rule of one database removes no backup of another', () => {
  test('that has the same URL in another project', async () => {
    const made: string[] = [];
    for (const project of ['one', 'two', 'two']) {
      await mkdir(join(folder, project, 'data'), { recursive: true });
      process.chdir(join(folder, project));
      made.push(await make('sqlite:data/app.db'));
    }
    expect(await pruned()).toEqual([made[0], made[2]].sort());
  });

  test('that has the same path on another machine', async () => {
    const url = `sqlite:${join(folder, 'app.db')}`;
    const first = await make(url);
    // another machine, which shares the folder of backups
    await rename(join(folder, 'app.db'), join(folder, 'elsewhere.db'));
    await make(url);
    const second = await make(url);
    expect(await pruned()).toEqual([first, second].sort());
  });

  test('that no up has initialised, at the same path on another machine', async () => {
    const url = `sqlite:${join(folder, 'app.db')}`;
    const first = [await make(url, false), await make(url, false)];
    await rm(join(folder, 'app.db'));
    const second = await make(url, false);
    expect(await pruned()).toEqual([...first, second].sort());
  });

  test('that was copied as a file: at another path at once', async () => {
    const first = await make(`sqlite:${join(folder, 'app.db')}`);
    await cp(join(folder, 'app.db'), join(folder, 'copy.db'));
    await mkdir(join(folder, 'other'));
    await cp(join(folder, 'app.db'), join(folder, 'other', 'app.db'));
    const others = [
      await make(`sqlite:${join(folder, 'copy.db')}`),
      await make(`sqlite:${join(folder, 'other', 'app.db')}`),
    ];
    expect(await pruned()).toEqual([first, ...others].sort());
  });

  test('that was copied as a file: at the same path on another machine from its second backup on', async () => {
    const [path, away, copy] = ['app.db', 'away.db', 'copy.db'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    await make(`sqlite:${path}`);
    await cp(path, copy);
    const first = await make(`sqlite:${path}`);
    await rename(path, away);
    await rename(copy, path);
    const second = await make(`sqlite:${path}`);
    expect(await pruned()).toEqual([first, second].sort());
    // each counts on by itself
    const third = await make(`sqlite:${path}`);
    expect(await pruned()).toEqual([first, third].sort());
    await rename(path, copy);
    await rename(away, path);
    const fourth = await make(`sqlite:${path}`);
    expect(await pruned()).toEqual([third, fourth].sort());
  });

  test('whose backup an earlier release made, which stays usable', async () => {
    await cp(frozen.folder, backups, { recursive: true });
    const only = await make(`sqlite:${join(folder, 'app.db')}`);
    const [earlier] = (await pruneBackups({ folder: backups, keep: { ...keepOne, last: 0 } })).filter(
      ({ name }) => name === frozen.name,
    );
    expect(earlier).toMatchObject({ verdict: 'kept', why: [expect.stringContaining('earlier release')] });
    expect(await left()).toEqual([frozen.name, only].sort());
    expect((await listBackups(backups)).map(({ problem }) => problem)).toEqual([undefined, undefined]);
    await expect(pruneBackups({ folder: backups, keep: keepOne, uncounted: true })).rejects.toMatchObject({
      code: 'usage',
    });
    const label = (await listBackups(backups)).find(({ name }) => name === frozen.name)?.manifest?.label;
    // of another label, it is of another database
    await pruneBackups({ folder: backups, keep: keepOne, uncounted: true, label: 'app' });
    expect(await left()).toEqual([frozen.name, only].sort());
    await pruneBackups({ folder: backups, keep: keepOne, uncounted: true, label });
    // the newest of a label stays
    expect(await left()).toEqual([frozen.name, only].sort());
  });
});

describe('one database counts as one', () => {
  test('however its path is written', async () => {
    await mkdir(join(folder, 'data'));
    await symlink(join(folder, 'data'), join(folder, 'link'));
    process.chdir(folder);
    const made: string[] = [];
    for (const path of [
      join(folder, 'data/app.db'),
      './data/app.db',
      'data/../data/app.db',
      'link/app.db',
      join(folder, 'link', 'app.db'),
    ])
      made.push(await make(`sqlite:${path}`));
    expect(await pruned()).toEqual([made.at(-1)]);
  });

  test('with a backup from the future, which stays, and takes no place of a real one', async () => {
    const url = `sqlite:${join(folder, 'app.db')}`;
    const engine = await openEngine({ url });
    await up(engine, shop);
    const options = { folder: backups, keys: { key: key.key } };
    const { seal: _, checksum: __, ...draft } = await createBackup(engine, [shop], options);
    const name = draft.name.replace(/-\d{8}T\d{9}Z-/, '-29991231T000000000Z-');
    const future = signManifest({ ...draft, name, created_at: '2999-12-31T00:00:00.000Z' }, Buffer.alloc(16));
    await rename(join(backups, `${draft.name}.age`), join(backups, `${name}.age`));
    await rm(join(backups, `${draft.name}.json`));
    await writeFile(join(backups, `${name}.json`), formatManifest(future));
    await createBackup(engine, [shop], options);
    const last = (await createBackup(engine, [shop], options)).name;
    expect(await pruned()).toEqual([last, name].sort());
    const report = await status(engine, shop, { backups });
    expect(report.backups).toMatchObject({
      last: { name: last },
      problems: [expect.stringContaining('is in the future')],
    });
    await engine.close();
  });
});

// on PGlite each opening takes seconds
describe.each(everywhere)('the identity of a database on $name', (engine) => {
  const newFixture = fixtures();
  const identityOf = async (url: string, its: string | undefined) => {
    const other = await openEngine({ url, key: its, create: false });
    try {
      return await readIdentity(other);
    } finally {
      await other.close();
    }
  };

  test('is in its manifests; a restored copy gets its own, and so does a database over which another is restored', async () => {
    const fixture = await newFixture(engine);
    // without a system nothing is proved, which takes long
    const create = () => createBackup(fixture.db.engine, [], fixture.backups);
    const first = await create();
    const own = await readIdentity(fixture.db.engine);
    expect(first.identity).toMatchObject({ database: own?.database, number: 1 });
    const to = { url: fixture.elsewhere(), key: fixture.key };
    await fixture.restore(first.name, { to });
    expect(await identityOf(to.url, to.key)).toBeUndefined();
    if (engine.name === 'pglite') return;
    const copy = await openEngine({ ...to, create: false });
    const ofCopy = await createBackup(copy, [], fixture.backups);
    await copy.close();
    expect(ofCopy.identity?.database).not.toBe(own?.database);
    const last = await create();
    expect(last.identity).toEqual({
      ...first.identity,
      number: 2,
      history: expect.stringMatching(new RegExp(`^${first.identity?.history}[0-9a-f]{16}$`)),
    });
    await fixture.restore(last.name, { to, replace: true });
    // the copy that is replaced has not made this backup
    expect(await identityOf(to.url, to.key)).toBeUndefined();
    await pruneBackups({ folder: fixture.backups.folder, keep: keepOne });
    expect((await listBackups(fixture.backups.folder)).map(({ name }) => name)).toEqual([
      ofCopy.name,
      last.name,
    ]);
  });
});
