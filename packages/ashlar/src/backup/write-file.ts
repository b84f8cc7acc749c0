import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AshlarError } from '../errors.js';
import type { Bytes } from './age/payload.js';

/** How much waits to be written while more is made, in bytes. */
const waitingBytes = 4_194_304;

/**
 * Writes a file that only its owner may read, and waits until it is on the disk. What could not be written whole is gone.
 *
 * @throws AshlarError `disk-full`, `privilege-missing`
 */
export const writeSynced = async (path: string, content: string | Bytes): Promise<void> => {
  let isOurs = false;
  try {
    const handle = await open(path, 'wx', 0o600);
    isOurs = true;
    const file = handle.createWriteStream({ flush: true, highWaterMark: waitingBytes });
    await pipeline(typeof content === 'string' ? [content] : content, file);
  } catch (error) {
    if (isOurs) await rm(path, { force: true });
    throw writeError(path, error);
  }
};

/** Writes a small file so that it is there whole or not at all. */
export const writeWhole = async (path: string, draft: string, text: string): Promise<void> => {
  await rm(draft, { force: true });
  await writeSynced(draft, text);
  await rename(draft, path).catch((error: unknown) => {
    throw writeError(path, error);
  });
  await syncFolder(dirname(path));
};

/** Makes what was renamed or removed in a folder last through a power cut. */
export const syncFolder = async (folder: string): Promise<void> => {
  // Windows opens no folders, and needs no such thing
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

const full = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const forbidden = new Set(['EACCES', 'EPERM', 'EROFS']);
const noFolder = new Set(['ENOTDIR', 'EEXIST']);

/** The AshlarError for what the file system said about a path. */
export const writeError = (path: string, error: unknown): unknown => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (full.has(code)) {
    return new AshlarError('disk-full', {
      message: `${basename(path)} could not be written: there is no space left.`,
      suggestion: 'Free some space, or prune backups; nothing half-written was left.',
      cause: error,
    });
  }
  if (forbidden.has(code)) {
    return new AshlarError('privilege-missing', {
      message: `This process may not write to ${dirname(path)}.`,
      suggestion: 'Change the owner or the mode of the folder.',
      cause: error,
    });
  }
  if (noFolder.has(code)) {
    return new AshlarError('usage', {
      message: `${dirname(path)} is no folder.`,
      suggestion: 'Name another one with BACKUP_DIR or --dir.',
      cause: error,
    });
  }
  return error;
};
