import { chmod, mkdir, mkdtemp, readdir, rm, stat, statfs, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from '../../packages/ashlar/src/files/cache.js';

const memory = '/dev/shm';
const prefix = 'ashlar-tests-';
const longest = 3 * 3_600_000;
const enough = 4 * 1024 ** 3;

const inMemory = async (): Promise<boolean> => {
  const { bavail, bsize } = await statfs(memory).catch(() => ({ bavail: 0, bsize: 0 }));
  return bavail * bsize >= enough;
};

/** Deletes what runs that were killed left: nothing frees memory that files occupy. */
const removeAbandoned = async (parent: string): Promise<void> => {
  for (const name of await readdir(parent)) {
    const path = join(parent, name);
    if (!name.startsWith(prefix)) continue;
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > longest) await rm(path, { recursive: true, force: true });
  }
};

/**
 * A cache of the run: what is kept depends on the release, and sources change without one. To make PGlite's template takes
 * seconds, and it depends on PGlite alone.
 */
const ownCache = async (folder: string): Promise<string> => {
  const made = join(folder, 'cache');
  await mkdir(join(made, 'ashlar'), { recursive: true, mode: 0o700 });
  for (const name of await readdir(cacheFolder()).catch(() => []))
    if (name.startsWith('pglite-')) await symlink(join(cacheFolder(), name), join(made, 'ashlar', name));
  return made;
};

/**
 * Gives the run a folder for temporary files, in memory where at least 4 GiB are free there, so that no test waits for
 * a disk. `tmpdir()` of every worker and of every process it starts is this folder; the teardown deletes it.
 */
export async function setup(): Promise<() => Promise<void>> {
  const before = process.env.TMPDIR;
  const parent = (await inMemory()) ? memory : tmpdir();
  await removeAbandoned(parent);
  const folder = await mkdtemp(join(parent, prefix));
  // the PostgreSQL server, which runs as another user where this process is root, reads files here
  await chmod(folder, 0o755);
  process.env.TMPDIR = folder;
  const cache = process.env.XDG_CACHE_HOME;
  process.env.XDG_CACHE_HOME = await ownCache(folder);
  return async () => {
    if (cache === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = cache;
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    await rm(folder, { recursive: true, force: true });
  };
}
