import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeLeftovers } from '../../../files/leftovers.js';
import { processMark } from '../../../files/process.js';

const mark = 'ashlar-examine-';
/** Where Linux has a file system in memory. */
const memory = '/dev/shm';
// linux/magic.h
const tmpfs = 0x01021994;

/** The folder whose files are in memory and on no disk; `undefined` where there is none, or no room for so many bytes. */
export async function memoryFolder(size: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  try {
    const { type, bavail, bsize } = await statfs(memory);
    // it may be allowed to grow beyond what this machine, or this process's part of it, has
    const room = Math.min(bavail * bsize, process.availableMemory());
    return type >>> 0 === tmpfs && room >= size ? memory : undefined;
  } catch {
    return undefined;
  }
}

/** Gives `work` a folder that only its owner can read, inside another one, and removes it with everything in it. */
export async function withScratch<T>(inside: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(inside, `${mark}${processMark()}-`));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Removes what processes that were killed have left: on a disk it is encrypted, but in the way, and in memory it takes that. */
export async function removeOldScratch(): Promise<void> {
  for (const inside of [tmpdir(), memory]) await removeLeftovers(inside, mark);
}
