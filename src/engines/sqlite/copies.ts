import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AshlarError } from '../../errors.js';
import type { Copies, Copy } from '../copies.js';
import type { Engine } from '../engine.js';
import type { OpenOptions } from '../open-options.js';
import { assertSound, isAlive, openCopy, unfit, writeCopy } from './copy-file.js';
import { openSqlite } from './engine.js';
import { putCopy } from './put-copy.js';

/** What SQLite and SQLCipher do with copies: each is a database file. */
export const sqliteCopies: Copies = {
  put: (options, copy, how) => putCopy(options, copy, how),
  examine: async (options, copy, work) => {
    if (copy.format === 'sqlite') return inMemory(options, copy, work);
    if (copy.format === 'sqlcipher') return inScratch(options, copy, work);
    throw unfit(copy);
  },
};

// what SQLite takes into memory at most (SQLITE_MEMDB_DEFAULT_MAXSIZE)
const largestImage = 1_073_741_824;
// https://sqlite.org/fileformat2.html#file_format_version_numbers: 2 is WAL, which memory does not have
const [writeVersion, readVersion, rollback] = [18, 19, 1];

const inMemory = async <T>(
  options: OpenOptions,
  copy: Copy,
  work: (engine: Engine) => Promise<T>,
): Promise<T> => {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of copy.bytes as AsyncIterable<Uint8Array>) {
    parts.push(part);
    size += part.length;
    if (size > largestImage) throw tooLarge();
  }
  const image = Buffer.concat(parts);
  image[writeVersion] = rollback;
  image[readVersion] = rollback;
  return using(await openSqlite({ ...options, key: undefined }, false, ':memory:', image), work);
};

const tooLarge = (): AshlarError =>
  new AshlarError('copy-unfit', {
    message: 'The copy is too large to be looked at in memory, and it is not encrypted.',
    detail: 'Up to 1 GiB is; a larger one would have to stand on a disk as plaintext.',
    suggestion: 'Encrypt the database (sqlcipher:), or restore the backup to a place of its own.',
  });

const scratchMark = 'ashlar-examine-';

const inScratch = async <T>(
  options: OpenOptions,
  copy: Copy,
  work: (engine: Engine) => Promise<T>,
): Promise<T> => {
  await removeOldScratch();
  const folder = await mkdtemp(join(tmpdir(), `${scratchMark}${process.pid}-`));
  try {
    const path = join(folder, 'copy.db');
    await writeCopy(path, copy);
    const { key } = copy;
    return await using(await openCopy({ ...options, key }, path), work);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

// what a process that was killed has left: encrypted, but in the way
const removeOldScratch = async (): Promise<void> => {
  for (const name of await readdir(tmpdir())) {
    const pid = new RegExp(`^${scratchMark}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid)))
      await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined);
  }
};

const using = async <T>(engine: Engine, work: (engine: Engine) => Promise<T>): Promise<T> => {
  try {
    await assertSound(engine);
    return await work(engine);
  } finally {
    await engine.close();
  }
};
