import { basename, dirname } from 'node:path';
import { AshlarError } from '../errors.js';

const full = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const forbidden = new Set(['EACCES', 'EPERM', 'EROFS']);
const noFolder = new Set(['ENOTDIR', 'EEXIST']);

/** The AshlarError for what the file system said about a path. */
export function writeError(path: string, error: unknown): unknown {
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
}
