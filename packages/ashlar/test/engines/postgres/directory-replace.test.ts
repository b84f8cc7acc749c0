import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { finishReplacing } from '../../../src/engines/postgres/pglite/directory-replace.js';

const built = fileURLToPath(
  new URL('../../../dist/engines/postgres/pglite/directory-replace.js', import.meta.url),
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
