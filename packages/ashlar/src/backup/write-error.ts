import { basename, dirname } from 'node:path';
import { AshlarError } from '../errors.js';

const full = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const forbidden = new Set(['EACCES', 'EPERM', 'EROFS']);
const noFolder = new Set(['ENOTDIR', 'EEXIST']);

/** Converts an error of the file system to an AshlarError; returns other errors unchanged. */
export function writeError(path: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (full.has(code)) {
    return new AshlarError('disk-full', {
      message: `${basename(path)} cannot be written: the disk is full.`,
      suggestion:
        'Free disk space, or remove backups with `ashlar backup prune`. No incomplete file was left.',
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
      suggestion: 'Set another folder with BACKUP_DIR or --dir.',
      cause: error,
    });
  }
  return error;
}
