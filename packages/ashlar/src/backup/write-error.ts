import { basename, dirname, isAbsolute, relative, sep } from 'node:path';
import { AshlarError } from '../errors.js';
import { fileFailure, isFileError } from '../files/failure.js';

const noFolder: ReadonlySet<string> = new Set(['ENOTDIR', 'EEXIST']);

const isInside = (folder: string, path: string): boolean => {
  const from = relative(folder, path);
  return !isAbsolute(from) && from.split(sep)[0] !== '..';
};

/** Converts an error of the file system in a folder of backups to an AshlarError; returns other errors unchanged. */
export function writeError(path: string, error: unknown): unknown {
  const failure = fileFailure(path, error);
  if (!isFileError(error) || !(failure instanceof AshlarError)) return error;
  // a full folder for temporary files is none of backups
  if (error.path !== undefined && !isInside(dirname(path), error.path)) return failure;
  if (failure.code === 'disk-full') {
    return new AshlarError('disk-full', {
      message: `${basename(path)} cannot be written: the disk is full.`,
      suggestion:
        'Free disk space, or remove backups with `ashlar backup prune`. No incomplete file was left.',
      cause: error,
    });
  }
  if (failure.code === 'privilege-missing') {
    return new AshlarError('privilege-missing', {
      message: `This process has no permission to write to ${dirname(path)}.`,
      suggestion: 'Change the owner or the permissions of the folder.',
      cause: error,
    });
  }
  if (noFolder.has(error.code)) {
    return new AshlarError('usage', {
      message: `${dirname(path)} is not a folder.`,
      suggestion: 'Set another folder with BACKUP_DIR or --dir.',
      cause: error,
    });
  }
  return failure;
}
