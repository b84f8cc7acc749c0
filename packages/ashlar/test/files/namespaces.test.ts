import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const built = new URL('../../build/files/lock.js', import.meta.url).href;
const unshare = ['--user', '--map-root-user', '--mount', '--pid', '--fork'];

/** Containers of one host name, in each of which the process has the number 1, as far as this system can make them. */
const containers = (
  [
    ['with a /proc of its own', 'mount -t proc none /proc'],
    ['without /proc', 'mount -t tmpfs none /proc'],
    ['with the /proc of the host', 'true'],
  ] as const
).filter(([, prepare]) => spawnSync('unshare', [...unshare, 'sh', '-c', prepare]).status === 0);

const code = `
  const { takeLock } = await import(${JSON.stringify(built)});
  const heartbeat = { every: 200, silence: 300_000 };
  try {
    await takeLock({ folder: process.argv[1], name: 'a.lock', heartbeat, locked: () => ({ name: 'locked' }) });
    console.log('held');
    setInterval(() => undefined, 1_000);
  } catch (error) {
    console.log(error.name);
  }`;

const start = async (prepare: string, folder: string): Promise<{ child: ChildProcess; said: string }> => {
  const line = `${prepare} && exec "$0" --input-type=module -e "$1" "$2"`;
  const child = spawn(
    'unshare',
    [...unshare, '--kill-child', 'sh', '-c', line, process.execPath, code, folder],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const [text] = await once(child.stdout as NodeJS.ReadableStream, 'data');
  return { child, said: String(text).trim() };
};

const fullDisk = `
  const { takeLock } = await import(${JSON.stringify(built)});
  const { readdirSync } = await import('node:fs');
  const options = { folder: process.argv[1], name: 'a.lock', heartbeat: { every: 20, silence: 300_000 }, locked: () => ({ name: 'locked' }) };
  const said = [];
  for (const hardLinks of [true, false]) {
    const lock = await takeLock({ ...options, hardLinks });
    said.push(await takeLock({ ...options, hardLinks }).then(() => 'taken twice', ({ name }) => name));
    await lock.release();
    await (await takeLock({ ...options, hardLinks })).release();
  }
  console.log(said.join(), readdirSync(process.argv[1]).join());`;

test.each(containers.slice(0, 1))('a lock is taken on a full disk, with and without hard links', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-full-'));
  const line =
    'mount -t tmpfs -o size=16k none "$2" && { cat /dev/zero > "$2/data" 2>&-; exec "$0" --input-type=module -e "$1" "$2"; }';
  try {
    const { stdout } = spawnSync(
      'unshare',
      [...unshare, 'sh', '-c', line, process.execPath, fullDisk, folder],
      {
        encoding: 'utf8',
      },
    );
    expect(stdout.trim()).toBe('locked,locked data');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

describe.each(containers)('of two containers of one host name, each %s', (_, prepare) => {
  test('the second does not take over the lock of the first, before it is silent', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ashlar-containers-'));
    const ends: ChildProcess[] = [];
    try {
      const first = await start(prepare, folder);
      ends.push(first.child);
      expect(first.said).toBe('held');
      const second = await start(prepare, folder);
      ends.push(second.child);
      expect(second.said).toBe('locked');
      first.child.kill('SIGKILL');
      await once(first.child, 'exit');
      const before = new Date(Date.now() - 400_000);
      await utimes(join(folder, 'a.lock.1'), before, before);
      const third = await start(prepare, folder);
      ends.push(third.child);
      expect(third.said).toBe('held');
    } finally {
      for (const child of ends) child.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    }
  });
});
