import { randomBytes } from 'node:crypto';
import type { Copy } from '../../../contract/copies.js';
import type { Engine } from '../../../contract/engine.js';
import type { OpenOptions } from '../../../contract/open-options.js';
import { AshlarError } from '../../../errors.js';
import { processMark } from '../../../files/process.js';
import { writeNewFile } from '../../../files/write.js';
import { openSqlite } from '../engine.js';
import { fileError } from '../file/file.js';
import { firstDamagedPage } from '../file/page-authentication.js';

/** @throws AshlarError `copy-unfit` if the copy has another format than the database of the URL */
export function assertFormat(copy: Copy, { url }: OpenOptions): void {
  if (!url.startsWith(`${copy.format}:`)) throw unfit(copy);
}

/** Makes the error `copy-unfit`, which means that the format of a copy does not match the engine of the URL. */
export function unfit({ format }: Copy): AshlarError {
  return new AshlarError('copy-unfit', {
    message: `A copy in the format ${format} cannot be used with the engine of this URL.`,
    detail:
      'A restore neither encrypts nor decrypts: a plain copy becomes a plain file, an encrypted copy an encrypted file.',
    suggestion: 'Use a URL of the engine that was backed up.',
  });
}

/**
 * Writes a copy to a new file that only its owner can read.
 *
 * @throws AshlarError `disk-full`, `privilege-missing`; the errors of reading the copy
 */
export async function writeCopy(path: string, { bytes }: Copy): Promise<void> {
  try {
    await writeNewFile(path, bytes);
  } catch (error) {
    throw fileError(path, error);
  }
}

/**
 * Opens the file of a copy as a database; if the file is encrypted, authenticates each of its pages first.
 *
 * @throws AshlarError `database-corrupt`; the errors of opening
 */
export async function openCopy(options: OpenOptions, path: string): Promise<Engine> {
  const { key } = options;
  if (key !== undefined) {
    const page = await firstDamagedPage(path, key);
    if (page !== undefined) throw unsound(`Page ${page} was changed.`);
  }
  return openSqlite({ ...options, create: false }, key !== undefined, path);
}

/** Throws if integrity_check or foreign_key_check finds damage in a database. @throws AshlarError `database-corrupt` */
export function assertSound(engine: Engine): Promise<void> {
  return engine.asOwner(async ({ run }) => {
    const [found] = await run('PRAGMA integrity_check(1)');
    if (found?.integrity_check !== 'ok') throw unsound(String(found?.integrity_check));
    const [orphan] = await run('PRAGMA foreign_key_check');
    if (orphan)
      throw unsound(`A row of ${String(orphan.table)} refers to a missing row of ${String(orphan.parent)}.`);
  });
}

const unsound = (detail: string): AshlarError =>
  new AshlarError('database-corrupt', {
    message: 'The copy of the database is damaged.',
    detail,
    suggestion:
      'The database was already damaged when it was copied. Check the database and earlier backups.',
  });

/** Returns the prefix of the names of temporary files that a restore writes next to its target. */
export function temporaryPrefix(base: string): string {
  return `.${base}.restoring-`;
}

/**
 * Returns a new name for the temporary file that a restore writes next to its target and then renames to the target.
 */
export function temporaryName(base: string): string {
  return `${temporaryPrefix(base)}${processMark()}-${randomBytes(4).toString('hex')}`;
}
