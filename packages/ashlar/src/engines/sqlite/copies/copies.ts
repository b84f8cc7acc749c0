import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Copies, Copy } from '../../../contract/copies.js';
import type { Engine } from '../../../contract/engine.js';
import type { OpenOptions } from '../../../contract/open-options.js';
import { AshlarError } from '../../../errors.js';
import { openSqlite } from '../engine.js';
import { assertSound, openCopy, unfit, writeCopy } from './copy-file.js';
import { putCopy } from './put-copy.js';
import { memoryFolder, removeOldScratch, withScratch } from './scratch.js';

// SQLite's limit for a database image in memory (SQLITE_MEMDB_DEFAULT_MAXSIZE)
const largestImage = 1_073_741_824;
// https://sqlite.org/fileformat2.html#file_format_version_numbers: 2 is WAL, which is not possible in memory
const [writeVersion, readVersion, rollback] = [18, 19, 1];

/** Restores and inspects copies of SQLite and SQLCipher databases. A copy is a database file. */
export const sqliteCopies: Copies = {
  put: (options, copy, how) => putCopy(options, copy, how),
  examine: (options, copy, work) => examine(options, copy, work),
};

/**
 * Opens a copy as a temporary database, and calls `work` with it. No plaintext of the copy reaches a disk.
 *
 * @param image - the size up to which SQLite loads a plain copy into memory, in bytes
 * @throws AshlarError `copy-unfit` for another kind of copy, and for a plain copy that does not fit into memory
 */
export async function examine<T>(
  options: OpenOptions,
  copy: Copy,
  work: (engine: Engine) => Promise<T>,
  image = largestImage,
): Promise<T> {
  await removeOldScratch();
  if (copy.format === 'sqlcipher') return inScratch(tmpdir(), options, copy, work);
  if (copy.format !== 'sqlite') throw unfit(copy);
  const { size = 0 } = copy;
  if (size <= image) return inMemory(options, copy, work, image);
  const folder = await memoryFolder(size * withChanges);
  if (folder === undefined) throw tooLarge(size);
  return inScratch(folder, options, copy, work);
}

// checks write to the copy too, and roll back
const withChanges = 1.25;

const inMemory = async <T>(
  options: OpenOptions,
  copy: Copy,
  work: (engine: Engine) => Promise<T>,
  most: number,
): Promise<T> => {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of copy.bytes as AsyncIterable<Uint8Array>) {
    parts.push(part);
    size += part.length;
    if (size > most) throw tooLarge(size);
  }
  const image = Buffer.concat(parts);
  image[writeVersion] = rollback;
  image[readVersion] = rollback;
  return using(await openSqlite({ ...options, key: undefined }, false, ':memory:', image), work);
};

const tooLarge = (size: number): AshlarError =>
  new AshlarError('copy-unfit', {
    message: 'The copy is too large to check in memory, and it is not encrypted.',
    detail: `SQLite loads at most 1 GiB into memory, and /dev/shm has no room for the ${size} bytes of this copy plus a quarter. On a disk, the copy would be plaintext.`,
    suggestion:
      'Enlarge /dev/shm (in a container: --shm-size), encrypt the database (sqlcipher:), or restore the backup to a new path.',
  });

const inScratch = <T>(
  inside: string,
  options: OpenOptions,
  copy: Copy,
  work: (engine: Engine) => Promise<T>,
): Promise<T> =>
  withScratch(inside, async (folder) => {
    const path = join(folder, 'copy.db');
    await writeCopy(path, copy);
    const { key } = copy;
    return using(await openCopy({ ...options, key }, path), work);
  });

const using = async <T>(engine: Engine, work: (engine: Engine) => Promise<T>): Promise<T> => {
  try {
    await assertSound(engine);
    return await work(engine);
  } finally {
    await engine.close();
  }
};
