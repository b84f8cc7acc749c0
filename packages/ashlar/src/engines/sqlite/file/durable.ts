import { randomBytes } from 'node:crypto';
import { readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ownerOf, takeOwner } from '../../../files/owner.js';
import { syncPathNow } from '../../../files/sync.js';
import { fileError } from './file.js';

/** The endings of the files that SQLite keeps next to a database. */
const sideFiles = ['-wal', '-shm', '-journal'] as const;

/** Removes a database file with its -wal, -shm and -journal files. */
export function removeFile(path: string): void {
  for (const ending of ['', ...sideFiles]) rmSync(path + ending, { force: true });
}

/**
 * Syncs a file and its folder to the disk, so that the content and the name of the file are durable. Call only when
 * this process does not have the file open.
 */
export function persist(path: string): void {
  sync(path);
  sync(dirname(path));
}

/**
 * Replaces one file with another, which gets its owner and mode, atomically and durably. The caller ensures that no process has
 * either open, and that the side files of the old one are no longer part of it.
 */
export function replaceFile(fresh: string, path: string): void {
  try {
    const replaced = ownerOf(path);
    if (replaced) takeOwner(fresh, replaced);
    sync(fresh);
    // SQLite would play the old log or journal into the new file
    for (const ending of sideFiles) rmSync(path + ending, { force: true });
    sync(dirname(path));
    renameSync(fresh, path);
  } catch (error) {
    throw fileError(path, error);
  }
  sync(dirname(path));
}

/** Returns a new name for a temporary file that will replace the file at `path`; both are in the same folder. */
export function temporaryName(path: string, purpose: 'key' | 'import'): string {
  return `${path}.${purpose}-${randomBytes(4).toString('hex')}`;
}

/**
 * Removes the temporary files, named by {@link temporaryName}, that killed processes left behind. Call under the file's
 * lock. @returns their paths
 */
export function removeTemporaryFiles(path: string, purpose: 'key' | 'import', except?: string): string[] {
  const mark = `${basename(path)}.${purpose}-`;
  const folder = dirname(path);
  const found = readdirSync(folder)
    .filter((name) => name.startsWith(mark) && /^[0-9a-f]{8}(-|$)/.test(name.slice(mark.length)))
    .map((name) => join(folder, name))
    .filter((left) => except === undefined || !left.startsWith(except));
  for (const left of found) rmSync(left, { force: true });
  return found;
}

const sync = (path: string): void => {
  try {
    syncPathNow(path);
  } catch (error) {
    throw fileError(path, error);
  }
};
