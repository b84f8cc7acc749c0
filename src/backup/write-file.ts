import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { AshlarError } from '../errors.js';
import type { Bytes } from './age/payload.js';

const writtenAtOnce = 1_048_576;

/**
 * Writes a file that only its owner may read, and waits until it is on the disk. What could not be written whole is gone.
 *
 * @throws AshlarError `disk-full`, `privilege-missing`
 */
export const writeSynced = async (path: string, content: string | Bytes): Promise<void> => {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'wx', 0o600);
    if (typeof content === 'string') await handle.writeFile(content);
    else await writeAll(handle, content);
    await handle.sync();
    await handle.close();
  } catch (error) {
    await handle?.close().catch(() => undefined);
    if (handle) await rm(path, { force: true });
    throw writeError(path, error);
  }
};

const writeAll = async (handle: FileHandle, content: Bytes): Promise<void> => {
  let parts: Uint8Array[] = [];
  let length = 0;
  const flush = async () => {
    if (length === 0) return;
    const { bytesWritten } = await handle.writev(parts);
    if (bytesWritten !== length) throw Object.assign(new Error('short write'), { code: 'ENOSPC' });
    parts = [];
    length = 0;
  };
  for await (const part of content) {
    parts.push(part);
    length += part.length;
    if (length >= writtenAtOnce) await flush();
  }
  await flush();
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
