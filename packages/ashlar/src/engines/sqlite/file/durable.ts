import { randomBytes } from 'node:crypto';
import { readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { syncPathNow } from '../../../files/sync.js';
import { fileError } from './file.js';

/** The endings of the files that SQLite keeps beside a database. */
const besides = ['-wal', '-shm', '-journal'] as const;

/** Removes a file that is to be no database any more, with what stands beside it. */
export function removeFile(path: string): void {
  for (const ending of ['', ...besides]) rmSync(path + ending, { force: true });
}

/** Makes a finished file and its name survive a power cut. To be called while this process has it open nowhere. */
export function persist(path: string): void {
  sync(path);
  sync(dirname(path));
}

/**
 * Puts a finished file in the place of another, in one step that survives a power cut. The caller has made sure that
 * nobody has either of them open, and that what stands beside the old one is part of it no more.
 */
export function replaceFile(fresh: string, path: string): void {
  sync(fresh);
  // what lay beside the old one would be played into the new one
  for (const ending of besides) rmSync(path + ending, { force: true });
  sync(dirname(path));
  try {
    renameSync(fresh, path);
  } catch (error) {
    throw fileError(path, error);
  }
  sync(dirname(path));
}

/** A name beside a file, for one that is to replace it. */
export function passingName(path: string, purpose: 'key' | 'import'): string {
  return `${path}.${purpose}-${randomBytes(4).toString('hex')}`;
}

/** Removes what processes that were killed have left under such names. @returns the paths */
export function removeLeftovers(path: string, purpose: 'key' | 'import', except?: string): string[] {
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
