import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, rename, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { createBackup, listBackups, openEngine, pruneBackups } from 'ashlar';
import { describe, expect, test } from 'vitest';
import { engines } from '../../../../test/support/engines.js';
import { failure } from '../engines/sqlite/support.js';
import { order, shop, type World, worlds } from './setup.js';

const [sqlite] = engines;

const keepOne = { last: 1, daily: 0, weekly: 0, monthly: 0 };
const hidden = async ({ backups }: World) =>
  (await readdir(backups.folder)).filter((name) => name.startsWith('.'));

describe('a folder of backups', () => {
  const makeWorld = worlds();
  const made = async (): Promise<World> => {
    if (!sqlite) throw new Error('there is no engine');
    return makeWorld(sqlite);
  };

  test('takes one maker at a time', async () => {
    const world = await made();
    const first = world.create();
    await failure('backup-folder-locked', async () => {
      // the first has begun once its lock is there
      while (!(await hidden(world).catch((): string[] => [])).includes('.lock'))
        await new Promise(setImmediate);
      return world.create();
    });
    await first;
    await world.create();
    expect(await listBackups(world.backups.folder)).toHaveLength(2);
  });

  test('is taken over from a process that is gone, and not from one that lives', async () => {
    const world = await made();
    await world.create();
    const lock = join(world.backups.folder, '.lock');
    const gone = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => gone.once('close', resolve));
    const claim = (facts: object) =>
      writeFile(lock, JSON.stringify({ host: hostname(), pid: process.pid, began: '', ...facts }));
    await claim({ pid: gone.pid });
    await world.create();
    // a later process of the same number
    await claim({ began: '1' });
    await world.create();
    await claim({});
    await failure('backup-folder-locked', () => world.create());
    await claim({ host: 'another.example' });
    await failure('backup-folder-locked', () => world.create());
    // one of another machine that has not been heard of for long
    const before = new Date(Date.now() - 3_600_000);
    await utimes(lock, before, before);
    await world.create();
    expect(await hidden(world)).toEqual([]);
  });

  test('is completed or cleaned by the next run, and nothing else in it is touched', async () => {
    const world = await made();
    const [one, two, three] = [await world.create(), await world.create(), await world.create()];
    const at = (name: string) => join(world.backups.folder, name);
    // killed between the two renames of a creation
    await rename(at(`${one.name}.json`), at(`.${one.name}.json.part`));
    // killed while one was removed
    await rename(at(`${two.name}.json`), at(`.${two.name}.removing`));
    // killed while one was written
    const half = `${three.name.slice(0, -8)}00000000`;
    await writeFile(at(`.${half}.age.part`), 'half of it');
    // killed before it had written who it is
    const gone = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => gone.once('close', resolve));
    await writeFile(at(`.lock-${gone.pid}-abc`), '');
    // somebody's own, and one that has lost its manifest
    await writeFile(at('notes.age'), 'mine');
    await rename(at(`${three.name}.json`), join(world.folder, 'moved.json'));
    expect(await listBackups(world.backups.folder)).toEqual([]);
    const four = await world.create();
    expect((await listBackups(world.backups.folder)).map(({ name }) => name)).toEqual([one.name, four.name]);
    expect((await readdir(world.backups.folder)).sort()).toEqual(
      [
        ...[one, four].flatMap(({ name }) => [`${name}.age`, `${name}.json`]),
        `${three.name}.age`,
        'notes.age',
      ].sort(),
    );
    await rename(join(world.folder, 'moved.json'), at(`${three.name}.json`));
    await world.verify(three.name);
  });

  test('keeps backups of different databases apart', async () => {
    const world = await made();
    const others = { ...world.backups, label: 'Another one!' };
    const other = await createBackup(world.db.engine, [shop], others);
    expect(other.name).toMatch(/^another-one-\d{8}T\d{9}Z-[0-9a-f]{8}$/);
    await world.create();
    const last = await world.create();
    await pruneBackups({ folder: world.backups.folder, keep: keepOne });
    expect((await listBackups(world.backups.folder)).map(({ name }) => name)).toEqual([
      other.name,
      last.name,
    ]);
  });

  test('keeps backups of different files of one name apart, and knows a label as it was written', async () => {
    const world = await made();
    const { folder } = world.backups;
    const only = await world.create();
    const path = join(world.folder, 'elsewhere', basename(world.url));
    await mkdir(dirname(path));
    const namesake = await openEngine({ url: `sqlite:${path}` });
    await createBackup(namesake, [], world.backups);
    const last = await createBackup(namesake, [], world.backups);
    const nightly = await createBackup(namesake, [], { ...world.backups, label: 'Nightly Prod' });
    await failure('usage', () => createBackup(namesake, [], { ...world.backups, label: '日本' }));
    await namesake.close();
    expect(last.label).toBe(only.label);
    await pruneBackups({ folder, keep: keepOne });
    const left = async () => (await listBackups(folder)).map(({ name }) => name).sort();
    expect(await left()).toEqual([only.name, last.name, nightly.name].sort());
    expect(await pruneBackups({ folder, label: 'Nightly Prod', keep: keepOne })).toHaveLength(1);
  });

  test('is not pruned of what cannot be read', async () => {
    const world = await made();
    const one = await world.create();
    await world.create();
    const last = await world.create();
    const manifest = join(world.backups.folder, `${one.name}.json`);
    await writeFile(manifest, (await readFile(manifest, 'utf8')).slice(1));
    const pruned = await pruneBackups({ folder: world.backups.folder, keep: { ...keepOne, last: 0 } });
    // the newest stays without any rule, where none was verified
    expect(pruned.map(({ verdict }) => verdict)).toEqual(['kept', 'removed']);
    expect((await listBackups(world.backups.folder)).map(({ name }) => name)).toEqual([one.name, last.name]);
  });

  test('that is full keeps what is in it, and holds no half of one', async () => {
    const world = await made();
    await order(
      world.db,
      Array.from({ length: 300 }, (_, n) => `order ${n} `.repeat(40)),
    );
    const { name } = await world.create();
    // a limit for files in a process of its own stands for a disk that is full
    const request = { url: world.url, folder: world.backups.folder, backupKey: world.secret };
    const code = `
      import * as ashlar from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)};
      const { url, folder, backupKey } = ${JSON.stringify(request)};
      const engine = await ashlar.openEngine({ url });
      try {
        await ashlar.createBackup(engine, [], { folder, keys: { key: backupKey } });
      } catch (error) {
        console.log(error.code);
      }
      await engine.close();`;
    const limited = spawn(
      'sh',
      ['-c', `ulimit -f 100; exec "$0" --input-type=module -e "$1"`, process.execPath, code],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let said = '';
    limited.stdout.on('data', (text: Buffer) => {
      said += text.toString();
    });
    await new Promise((resolve) => limited.once('close', resolve));
    expect(said.trim()).toBe('disk-full');
    expect((await readdir(world.backups.folder)).sort()).toEqual([`${name}.age`, `${name}.json`]);
    await world.verify(name);
  });

  test('that is none is refused, and one that is not there is empty', async () => {
    const world = await made();
    const file = join(world.folder, 'a-file');
    await writeFile(file, '');
    await expect(
      createBackup(world.db.engine, [shop], { ...world.backups, folder: join(file, 'backups') }),
    ).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('is no folder') });
    expect(await listBackups(world.backups.folder)).toEqual([]);
  });
});
