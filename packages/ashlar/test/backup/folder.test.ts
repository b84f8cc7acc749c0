import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, rename, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createBackup, listBackups, pruneBackups } from 'ashlar/backup';
import { openEngine } from 'ashlar/extend';
import { up } from 'ashlar/migrations';
import { describe, expect, test } from 'vitest';
import { engines } from '../../../../test/support/engines.js';
import { formatOwner, type LockOwner } from '../../src/files/lock-file.js';
import { thisProcess } from '../../src/files/process.js';
import { failure } from '../engines/sqlite/support.js';
import { type Fixture, fixtures, order, shop } from './setup.js';

const [sqlite] = engines;

const keepOne = { last: 1, daily: 0, weekly: 0, monthly: 0 };
const hidden = async ({ backups }: Fixture) =>
  (await readdir(backups.folder)).filter((name) => name.startsWith('.'));

describe('a folder of backups', () => {
  const newFixture = fixtures();
  const made = async (): Promise<Fixture> => {
    if (!sqlite) throw new Error('there is no engine');
    return newFixture(sqlite);
  };

  test('allows one backup at a time', async () => {
    const fixture = await made();
    const first = fixture.create();
    await failure('backup-folder-locked', async () => {
      // the first has begun when its lock exists
      while (!(await hidden(fixture).catch((): string[] => [])).includes('.lock.1'))
        await new Promise(setImmediate);
      return fixture.create();
    });
    await first;
    await fixture.create();
    expect(await listBackups(fixture.backups.folder)).toHaveLength(2);
  });

  test('is taken over from a dead process, and not from a live one', async () => {
    const fixture = await made();
    await fixture.create();
    const lock = join(fixture.backups.folder, '.lock.1');
    const gone = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => gone.once('close', resolve));
    const claim = (facts: Partial<LockOwner>) =>
      writeFile(lock, formatOwner({ ...thisProcess(), token: '0'.repeat(32), ...facts }));
    await claim({ pid: gone.pid ?? 0 });
    await fixture.create();
    // the dead process had the number of a live one
    await claim({ started: '1' });
    await fixture.create();
    await claim({});
    await failure('backup-folder-locked', () => fixture.create());
    await claim({ host: 'another.example', boot: 'another' });
    await failure('backup-folder-locked', () => fixture.create());
    // another host without a heartbeat for an hour
    const before = new Date(Date.now() - 3_600_000);
    await utimes(lock, before, before);
    await fixture.create();
    expect(await hidden(fixture)).toEqual([]);
  });

  test('is completed or cleaned by the next run, which leaves all other files unchanged', async () => {
    const fixture = await made();
    const [one, two, three] = [await fixture.create(), await fixture.create(), await fixture.create()];
    const at = (name: string) => join(fixture.backups.folder, name);
    // killed between the two renames of create
    await rename(at(`${one.name}.json`), at(`.${one.name}.json.part`));
    // killed while a backup was removed
    await rename(at(`${two.name}.json`), at(`.${two.name}.removing`));
    // killed while a backup was written
    const half = `${three.name.slice(0, -8)}00000000`;
    await writeFile(at(`.${half}.age.part`), 'half of it');
    // killed before its lock file was written
    const gone = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => gone.once('close', resolve));
    await writeFile(at(`.lock.draft-${gone.pid}-0-${thisProcess().namespace}-abc`), '');
    // a user's file, and a backup that has lost its manifest
    await writeFile(at('notes.age'), 'mine');
    await rename(at(`${three.name}.json`), join(fixture.folder, 'moved.json'));
    expect(await listBackups(fixture.backups.folder)).toEqual([]);
    const four = await fixture.create();
    expect((await listBackups(fixture.backups.folder)).map(({ name }) => name)).toEqual([
      one.name,
      four.name,
    ]);
    expect((await readdir(fixture.backups.folder)).sort()).toEqual(
      [
        ...[one, four].flatMap(({ name }) => [`${name}.age`, `${name}.json`]),
        `${three.name}.age`,
        'notes.age',
      ].sort(),
    );
    await rename(join(fixture.folder, 'moved.json'), at(`${three.name}.json`));
    await fixture.verify(three.name);
  });

  test('keeps backups of different databases apart', async () => {
    const fixture = await made();
    const others = { ...fixture.backups, label: 'Another one!' };
    const other = await createBackup(fixture.db.engine, [shop], others);
    expect(other.name).toMatch(/^another-one-\d{8}T\d{9}Z-[0-9a-f]{8}$/);
    await fixture.create();
    const last = await fixture.create();
    await pruneBackups({ folder: fixture.backups.folder, keep: keepOne });
    expect((await listBackups(fixture.backups.folder)).map(({ name }) => name)).toEqual([
      other.name,
      last.name,
    ]);
  });

  test('keeps backups of different files with one name apart, and normalises labels', async () => {
    const fixture = await made();
    const { folder } = fixture.backups;
    const only = await fixture.create();
    const path = join(fixture.folder, 'elsewhere', basename(fixture.url));
    await mkdir(dirname(path));
    const namesake = await openEngine({ url: `sqlite:${path}` });
    await up(namesake, shop);
    await createBackup(namesake, [], fixture.backups);
    const last = await createBackup(namesake, [], fixture.backups);
    const nightly = await createBackup(namesake, [], { ...fixture.backups, label: 'Nightly Prod' });
    await failure('usage', () => createBackup(namesake, [], { ...fixture.backups, label: '日本' }));
    await namesake.close();
    expect(last.label).toBe(only.label);
    await pruneBackups({ folder, keep: keepOne });
    const left = async () => (await listBackups(folder)).map(({ name }) => name).sort();
    expect(await left()).toEqual([only.name, last.name, nightly.name].sort());
    expect(await pruneBackups({ folder, label: 'Nightly Prod', keep: keepOne })).toHaveLength(1);
  });

  test('keeps unreadable backups when it is pruned', async () => {
    const fixture = await made();
    const one = await fixture.create();
    await fixture.create();
    const last = await fixture.create();
    const manifest = join(fixture.backups.folder, `${one.name}.json`);
    await writeFile(manifest, (await readFile(manifest, 'utf8')).slice(1));
    const pruned = await pruneBackups({ folder: fixture.backups.folder, keep: { ...keepOne, last: 0 } });
    // if none is verified, the newest stays without any rule
    expect(pruned.map(({ verdict }) => verdict)).toEqual(['kept', 'removed']);
    expect((await listBackups(fixture.backups.folder)).map(({ name }) => name)).toEqual([
      one.name,
      last.name,
    ]);
  });

  test('on a full disk keeps its backups, and gets no incomplete one', async () => {
    const fixture = await made();
    await order(
      fixture.db,
      Array.from({ length: 300 }, (_, n) => `order ${n} `.repeat(40)),
    );
    const { name } = await fixture.create();
    // a child process with a file size limit simulates a full disk
    const request = { url: fixture.url, folder: fixture.backups.folder, backupKey: fixture.secret };
    const code = `
      import { createBackup } from ${JSON.stringify(new URL('../../dist/backup/index.js', import.meta.url).href)};
      import { openEngine } from ${JSON.stringify(new URL('../../dist/extend/index.js', import.meta.url).href)};
      const { url, folder, backupKey } = ${JSON.stringify(request)};
      const engine = await openEngine({ url });
      try {
        await createBackup(engine, [], { folder, keys: { key: backupKey } });
      } catch (error) {
        console.log(error.code);
      }
      await engine.close();`;
    const limited = spawn(
      'sh',
      ['-c', `ulimit -f 100; exec "$0" --input-type=module -e "$1"`, process.execPath, code],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let output = '';
    limited.stdout.on('data', (text: Buffer) => {
      output += text.toString();
    });
    await new Promise((resolve) => limited.once('close', resolve));
    expect(output.trim()).toBe('disk-full');
    expect((await readdir(fixture.backups.folder)).sort()).toEqual([`${name}.age`, `${name}.json`]);
    await fixture.verify(name);
  });

  test('that is a file is refused, and a missing one has no backups', async () => {
    const fixture = await made();
    const file = join(fixture.folder, 'a-file');
    await writeFile(file, '');
    await expect(
      createBackup(fixture.db.engine, [shop], { ...fixture.backups, folder: join(file, 'backups') }),
    ).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('is not a folder') });
    expect(await listBackups(fixture.backups.folder)).toEqual([]);
  });
});
