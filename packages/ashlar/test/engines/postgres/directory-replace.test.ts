import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import {
  finishReplacing,
  prepareIncoming,
  replaceByIncoming,
} from '../../../src/engines/postgres/pglite/directory-replace.js';

const built = fileURLToPath(
  new URL('../../../build/engines/postgres/pglite/directory-replace.js', import.meta.url),
);
const worker = fileURLToPath(new URL('replace-worker.mjs', import.meta.url));

test('after a kill during a replacement, a folder has all old or all new files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-replace-'));
  let interrupted = 0;
  let isReplaced = false;
  for (let kill = 0; kill < 25; kill++) {
    const child = spawn(process.execPath, [worker, built, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    await pause(Math.random() * 120);
    child.kill('SIGKILL');
    await once(child, 'exit');
    if ((await readdir(folder)).some((name) => name.startsWith('ashlar.'))) interrupted++;
    await finishReplacing(folder);
    const names = await readdir(folder, { recursive: true });
    const files = names.filter((name) => name !== 'base');
    const generations = new Set(await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8'))));
    // empty until the first replacement is marked as complete, which takes several kills where the disk is busy
    if (isReplaced || names.length > 0) {
      isReplaced = true;
      expect(names.filter((name) => name.startsWith('only'))).toHaveLength(1);
      expect(files).toHaveLength(27);
      expect(generations.size).toBe(1);
    }
  }
  await rm(folder, { recursive: true });
  expect(isReplaced).toBe(true);
  expect(interrupted).toBeGreaterThan(5);
});

test('the files of a replacement get the owner and the modes of those that they replace', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-replace-'));
  const isRoot = process.getuid?.() === 0;
  const write = async (into: string): Promise<void> => {
    await mkdir(join(into, 'base'));
    for (const name of ['PG_VERSION', 'base/1']) await writeFile(join(into, name), into);
  };
  await write(folder);
  for (const [name, mode] of [
    ['PG_VERSION', 0o640],
    ['base', 0o750],
    ['base/1', 0o600],
  ] as const) {
    await chmod(join(folder, name), mode);
    if (isRoot) await chown(join(folder, name), 1234, 2345);
  }
  const before = await stat(join(folder, 'base/1'));
  await write(await prepareIncoming(folder));
  await replaceByIncoming(folder);
  expect(await readFile(join(folder, 'base/1'), 'utf8')).toContain('incoming');
  for (const [name, mode] of [
    ['PG_VERSION', 0o640],
    ['base', 0o750],
    ['base/1', 0o600],
  ] as const) {
    const found = await stat(join(folder, name));
    expect([found.uid, found.gid, found.mode & 0o777]).toEqual([before.uid, before.gid, mode]);
  }
  await rm(folder, { recursive: true });
});
