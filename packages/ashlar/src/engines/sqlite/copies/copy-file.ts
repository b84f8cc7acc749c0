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

/** @throws AshlarError `copy-unfit` where a copy is of another kind than the database that a URL names */
export function assertFormat(copy: Copy, { url }: OpenOptions): void {
  if (!url.startsWith(`${copy.format}:`)) throw unfit(copy);
}

export function unfit({ format }: Copy): AshlarError {
  return new AshlarError('copy-unfit', {
    message: `A copy of the form ${format} cannot become the database of this URL.`,
    detail: 'A plain file stays plain, and an encrypted one encrypted.',
    suggestion: 'Name a URL of the engine that the backup is of.',
  });
}

/**
 * Writes a copy into a new file that only its owner can read.
 *
 * @throws AshlarError `disk-full`, `privilege-missing`, and what reading the copy throws
 */
export async function writeCopy(path: string, { bytes }: Copy): Promise<void> {
  try {
    await writeNewFile(path, bytes);
  } catch (error) {
    throw fileError(path, error);
  }
}

/**
 * Opens the file of a copy, after a look at every page of it.
 *
 * @throws AshlarError `database-corrupt`, and what opening throws
 */
export async function openCopy(options: OpenOptions, path: string): Promise<Engine> {
  const { key } = options;
  if (key !== undefined) {
    const page = await firstDamagedPage(path, key);
    if (page !== undefined) throw unsound(`Page ${page} is not as it was written.`);
  }
  return openSqlite({ ...options, create: false }, key !== undefined, path);
}

/** Has SQLite look at everything. @throws AshlarError `database-corrupt` */
export function assertSound(engine: Engine): Promise<void> {
  return engine.asOwner(async ({ run }) => {
    const [found] = await run('PRAGMA integrity_check(1)');
    if (found?.integrity_check !== 'ok') throw unsound(String(found?.integrity_check));
    const [orphan] = await run('PRAGMA foreign_key_check');
    if (orphan)
      throw unsound(
        `A row of ${String(orphan.table)} refers to one of ${String(orphan.parent)} that is not there.`,
      );
  });
}

const unsound = (detail: string): AshlarError =>
  new AshlarError('database-corrupt', {
    message: 'The copy of the database is damaged.',
    detail,
    suggestion: 'The database was damaged when it was copied: look at it, and at earlier backups.',
  });

/** How the names of the files begin that a restore to a file writes next to it. */
export function temporaryPrefix(base: string): string {
  return `.${base}.restoring-`;
}

/** A name for a file that will replace another one in the same folder. */
export function temporaryName(base: string): string {
  return `${temporaryPrefix(base)}${processMark()}-${randomBytes(4).toString('hex')}`;
}
