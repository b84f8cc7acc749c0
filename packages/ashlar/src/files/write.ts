import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { syncPath } from './sync.js';

/** The content of a file to write: text, bytes or a stream of bytes. */
export type FileContent = string | Uint8Array | AsyncIterable<Uint8Array>;

/** How much is buffered while the disk is slower than the source, in bytes. */
const bufferedBytes = 4_194_304;

/**
 * Writes a new file and waits until its content is on the disk. A file that could not be written completely is removed.
 * Throws errors of the file system, `EEXIST` if the file exists.
 *
 * @param mode - the file's permissions; default: only its owner can read and write it
 */
export async function writeNewFile(path: string, content: FileContent, mode = 0o600): Promise<void> {
  let isOurs = false;
  try {
    const handle = await open(path, 'wx', mode);
    isOurs = true;
    const file = handle.createWriteStream({ flush: true, highWaterMark: bufferedBytes });
    const isWhole = typeof content === 'string' || content instanceof Uint8Array;
    await pipeline(isWhole ? [content] : content, file);
  } catch (error) {
    if (isOurs) await rm(path, { force: true });
    throw error;
  }
}

/**
 * Writes a file so that it exists either completely or not at all, even after a crash or a power failure. Writes it
 * under a hidden name in the same folder, syncs it, renames it, and syncs the folder. Replaces a file of that name.
 * Throws errors of the file system.
 *
 * @param mode - the file's permissions; default: only its owner can read and write it
 */
export async function writeAtomically(path: string, content: FileContent, mode = 0o600): Promise<void> {
  const draft = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  await writeNewFile(draft, content, mode);
  try {
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncPath(dirname(path));
}
