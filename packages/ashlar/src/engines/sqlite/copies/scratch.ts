import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileFailure } from '../../../files/failure.js';
import { removeLeftovers } from '../../../files/leftovers.js';
import { processMark } from '../../../files/process.js';

const mark = 'ashlar-examine-';
/** The memory file system of Linux. */
const memory = '/dev/shm';
// linux/magic.h
const tmpfs = 0x01021994;

/** Returns a folder whose files are kept in memory only; `undefined` if no such folder has room for `size` bytes. */
export async function memoryFolder(size: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  try {
    const { type, bavail, bsize } = await statfs(memory);
    // the limit of the file system can exceed the memory of the machine or container
    const room = Math.min(bavail * bsize, process.availableMemory());
    return type >>> 0 === tmpfs && room >= size ? memory : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Calls `work` with a temporary folder that only its owner can read, and removes the folder afterwards.
 *
 * @throws AshlarError `privilege-missing`, `disk-full`, `file-failed`
 */
export async function withScratch<T>(inside: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(inside, `${mark}${processMark()}-`)).catch((error: unknown) => {
    throw fileFailure(inside, error);
  });
  try {
    return await work(folder);
  } finally {
    // the result does not depend on it: the next examination removes what is left
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}

/**
 * Removes the temporary folders that killed processes left behind, because these folders take up disk space or memory.
 */
export async function removeOldScratch(): Promise<void> {
  for (const inside of [tmpdir(), memory]) await removeLeftovers(inside, mark);
}
