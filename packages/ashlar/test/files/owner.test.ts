import { spawnSync } from 'node:child_process';
import { chmod, chown, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { takeOwner } from '../../src/files/owner.js';

const built = new URL('../../build/files/owner.js', import.meta.url).href;
const code = `
  const { giveTo, ownerOf, takeOwner } = await import(${JSON.stringify(built)});
  const [, fresh, old] = process.argv;
  takeOwner(fresh, ownerOf(old));
  giveTo(fresh, ownerOf(old));`;
const asRoot = process.getuid?.() === 0;

/** Programs that start a process which can give a file to nobody else, as far as this system has them. */
const powerless = (
  [
    ['root of a user namespace without the owner', ['unshare', '--user', '--map-root-user']],
    ['root without the capability', ['setpriv', '--bounding-set', '-chown', '--inh-caps', '-chown']],
    ['another user', ['setpriv', '--reuid', '4711', '--regid', '4712', '--clear-groups']],
  ] as const
).filter(([, [program, ...args]]) => asRoot && spawnSync(program, [...args, 'true']).status === 0);

let folder: string;
let old: string;
let fresh: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ashlar-owner-'));
  [old, fresh] = [join(folder, 'old'), join(folder, 'fresh')];
  await writeFile(old, '');
  await writeFile(fresh, '', { mode: 0o600 });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a file that replaces another', () => {
  test.each([0o600, 0o640, 0o660, 0o4755])(
    'has its mode %o without the bits that run it as another user',
    async (mode) => {
      await chmod(old, mode);
      takeOwner(fresh, await stat(old));
      expect((await stat(fresh)).mode & 0o7777).toBe(mode & 0o777);
    },
  );

  test.each(powerless)('made by %s, is for its owner only', async (what, [program, ...args]) => {
    await chown(old, 1234, 1235);
    await chmod(old, 0o664);
    if (what === 'another user') await chown(fresh, 4711, 4712);
    await chmod(folder, 0o755);
    const { status, stderr } = spawnSync(
      program,
      [...args, process.execPath, '--input-type=module', '-e', code, fresh, old],
      { encoding: 'utf8' },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect((await stat(fresh)).mode & 0o7777).toBe(0o600);
  });
});
