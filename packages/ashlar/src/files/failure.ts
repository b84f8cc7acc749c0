import { AshlarError } from '../errors.js';

// not `connect`, `listen`, `getaddrinfo`, `spawn` and `kill`, whose errors have the same form
const onFiles: ReadonlySet<string> = new Set(
  'access chmod chown close copyfile cp fchmod fchown fdatasync fstat fsync ftruncate futime lchown link lstat lutime mkdir mkdtemp open opendir read readdir readlink realpath rename rm rmdir scandir stat statfs symlink truncate unlink utime write'.split(
    ' ',
  ),
);

/** Whether an error is one that the operating system reported of a file, with its code: `EIO`. */
export function isFileError(error: unknown): error is NodeJS.ErrnoException & { readonly code: string } {
  if (!(error instanceof Error) || error instanceof AshlarError) return false;
  const { code, syscall } = error as NodeJS.ErrnoException;
  return typeof code === 'string' && /^E[A-Z0-9_]+$/.test(code) && onFiles.has(syscall ?? '');
}

const full: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const forbidden: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS']);

/**
 * Converts an error that the operating system reported of a file to an AshlarError: `disk-full`, `privilege-missing`, else
 * `file-failed`. Returns other errors unchanged.
 *
 * @param work - the file or folder that the work was on, where the error names none
 */
export function fileFailure(work: string, error: unknown): unknown {
  if (!isFileError(error)) return error;
  const { code, syscall, path = work } = error;
  if (full.has(code))
    return new AshlarError('disk-full', {
      message: `${path} cannot be written: the disk is full.`,
      detail: `${syscall} failed with ${code}.`,
      suggestion: 'Free disk space, and run the command again.',
      cause: error,
    });
  if (forbidden.has(code))
    return new AshlarError('privilege-missing', {
      message: `This process has no permission for ${path}, or its file system is read-only.`,
      detail: `${syscall} failed with ${code}.`,
      suggestion: 'Change the owner or the permissions, or choose another folder.',
      cause: error,
    });
  return new AshlarError('file-failed', {
    message: `The operating system failed on ${path}: ${syscall} failed with ${code}.`,
    suggestion:
      code === 'EIO'
        ? 'Check the disk and the log of the kernel, then run the command again.'
        : 'The code says why (errno(3)); then run the command again.',
    cause: error,
  });
}

/** Runs work on a file, and converts what the operating system reports of it with {@link fileFailure}. */
export async function onFile<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileFailure(path, error);
  }
}
