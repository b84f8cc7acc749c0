import { execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createBackup, listBackups, pruneBackups, verifyBackup } from 'ashlar/backup';
import { describe, expect, test } from 'vitest';
import { noteVerified, remove } from '../../src/backup/folder.js';
import { readFileOrPipe, readWhole } from '../../src/files/read.js';
import { readCheckpoints } from '../../src/ledger/signer-log.js';
import { readKeyFile } from '../../src/settings/settings.js';
import { type Fixture, files, fixtures, shop } from './setup.js';

const [sqlite] = files;

/** What can have the path of a file, and is none. */
const inPlaceOfAFile: readonly (readonly [what: string, make: (path: string) => Promise<unknown>])[] = [
  ['a pipe', async (path) => execFileSync('mkfifo', [path])],
  ['a folder', (path) => mkdir(path)],
  ['a device without an end', (path) => symlink('/dev/zero', path)],
  ['a terminal', (path) => symlink('/dev/tty', path)],
  ['a link to nothing', (path) => symlink('nothing', path)],
];
// what a listing takes for the manifest of a backup
const name = 'test-20260101T000000000Z-00000000';

describe.each(inPlaceOfAFile)('with %s', (what, make) => {
  const newFixture = fixtures();
  const made = async (): Promise<Fixture> => {
    if (!sqlite) throw new RangeError('there is no engine');
    return newFixture(sqlite);
  };

  test('in place of each file of a backup, a folder is listed, pruned and written all the same', async () => {
    const fixture = await made();
    const { folder } = fixture.backups;
    const first = await fixture.create();
    const left = ['.age.part', '.json.part', '.removing'].map((ending) => `.${name}${ending}`);
    for (const file of [`${name}.json`, `${first.name}.verified.json`, ...left])
      await make(join(folder, file));
    const listed = await listBackups(folder);
    expect(listed.find((one) => one.name === first.name)).toMatchObject({
      problem: undefined,
      verifiedAt: undefined,
    });
    for (const one of listed) if (one.name === name) expect(one.problem).toBeTypeOf('string');
    const second = await fixture.create();
    const keep = { last: 1, daily: 0, weekly: 0, monthly: 0 };
    await pruneBackups({ folder, keep });
    const after = (await listBackups(folder)).filter(({ problem }) => problem === undefined);
    expect(after.map((one) => one.name)).toEqual([second.name]);
    await expect(verifyBackup(name, [shop], fixture.backups)).rejects.toMatchObject({
      code: expect.stringMatching(/^(file-failed|backup-missing)$/),
    });
  });

  test('in place of a lock, a folder of backups says that it is locked', async () => {
    const fixture = await made();
    await fixture.create();
    await make(join(fixture.backups.folder, '.lock.1'));
    const attempt = fixture.create();
    if (['a pipe', 'a folder'].includes(what))
      return expect(attempt).rejects.toMatchObject({ code: 'backup-folder-locked' });
    // that of a device may be older than the silence of a holder that is gone
    await attempt.then(
      ({ identity }) => expect(identity?.number).toBe(2),
      (error: unknown) => expect(error).toMatchObject({ code: 'backup-folder-locked' }),
    );
  });

  test('in place of a key, a checkpoint or a manifest, an error says so and nothing is waited for', async () => {
    const { folder } = await made();
    const path = join(folder, 'odd');
    await make(path);
    await expect(readWhole(path)).rejects.toThrow();
    expect(() => readFileOrPipe(path, 100)).toThrow();
    expect(() => readKeyFile('--key-file', path, 100)).toThrow('Invalid settings.');
    await readCheckpoints(path, []).then(
      // a folder may hold no checkpoint
      (found) => expect(found).toEqual([]),
      (error: unknown) => expect(error).toMatchObject({ name: 'AshlarError' }),
    );
    const checkpoints = join(folder, 'checkpoints');
    await mkdir(checkpoints);
    await make(join(checkpoints, '5.checkpoint'));
    await expect(readCheckpoints(checkpoints, [])).rejects.toMatchObject({ name: 'AshlarError' });
  });
});

describe('a folder of backups', () => {
  const newFixture = fixtures();
  const made = async (): Promise<Fixture> => {
    if (!sqlite) throw new RangeError('there is no engine');
    return newFixture(sqlite);
  };

  test('loses no backup to a file `.NAME.removing` that another program made', async () => {
    const fixture = await made();
    const { folder } = fixture.backups;
    const [one, two, three] = [await fixture.create(), await fixture.create(), await fixture.create()];
    const at = (file: string) => join(folder, file);
    await writeFile(at(`.${one.name}.removing`), '');
    await cp(at(`${two.name}.json`), at(`.${two.name}.removing`));
    // a backup that has lost its manifest: the payload may be all that is left
    await rename(at(`${three.name}.json`), join(fixture.folder, 'three.json'));
    await writeFile(at(`.${three.name}.removing`), 'not a manifest');
    await writeFile(at(`.${three.name}.json.part`), 'not a manifest');
    const four = await fixture.create();
    const listed = await listBackups(folder);
    expect(listed.map((each) => [each.name, each.problem])).toEqual(
      [one, two, four].map((each) => [each.name, undefined]),
    );
    await rename(join(fixture.folder, 'three.json'), at(`${three.name}.json`));
    for (const each of [one, two, three]) await fixture.verify(each.name);
  });

  test('keeps no record of the verification of a backup that was removed meanwhile', async () => {
    const fixture = await made();
    const { folder } = fixture.backups;
    const one = await fixture.create();
    await remove(folder, one.name);
    await noteVerified(folder, one, new Date());
    expect((await readdir(folder)).filter((file) => file.includes('verified'))).toEqual([]);
    // left by an earlier release
    await writeFile(join(folder, `${one.name}.verified.json`), '{}');
    const two = await fixture.create();
    expect((await readdir(folder)).sort()).toEqual([`${two.name}.age`, `${two.name}.json`]);
  });

  test('that is a pipe or a device is refused', async () => {
    const fixture = await made();
    for (const [what, make] of inPlaceOfAFile.slice(0, 3)) {
      const folder = join(fixture.folder, 'odd');
      await make(folder);
      const making = createBackup(fixture.db.engine, [], { ...fixture.backups, folder });
      if (what === 'a folder') await making;
      else await expect(making, what).rejects.toMatchObject({ code: 'usage' });
      await rm(folder, { recursive: true });
    }
  });
});
