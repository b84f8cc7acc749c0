import { basename, dirname } from 'node:path';
import { AshlarError } from '../errors.js';

const full = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const forbidden = new Set(['EACCES', 'EPERM', 'EROFS']);
const noFolder = new Set(['ENOTDIR', 'EEXIST']);

/** The AshlarError for an error of the file system; other errors are returned unchanged. */
export function writeError(path: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (full.has(code)) {
    return new AshlarError('disk-full', {
      message: `${basename(path)} cannot be written: the disk is full.`,
      suggestion: 'Free some space, or prune backups. No incomplete file was left.',
      cause: error,
    });
  }
  if (forbidden.has(code)) {
    return new AshlarError('privilege-missing', {
      message: `This process has no permission to write to ${dirname(path)}.`,
      suggestion: 'Change the owner or the permissions of the folder.',
      cause: error,
    });
  }
  if (noFolder.has(code)) {
    return new AshlarError('usage', {
      message: `${dirname(path)} is not a folder.`,
      suggestion: 'Name another one with BACKUP_DIR or --dir.',
      cause: error,
    });
  }
  return error;
}
