import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { AshlarError } from '../../../errors.js';
import { assertSafeFileSystem } from './filesystem.js';
import { saltBytes } from './key.js';

/** A database file that this process has open or is about to open. */
export interface DatabaseFile {
  /** The path of the file, absolute and without symbolic links. */
  readonly path: string;
  /** The device and inode of the file, which identify it even if another file takes its path. */
  readonly identity: string;
  /** The first 16 bytes of the file, read before this process first opened it; fewer if the file is new. */
  readonly header: Buffer;
  /** Whether this process also has the file open elsewhere. Then the file must not be read. */
  readonly shared: boolean;
  /** Records the header of a new file, which contains its salt. */
  remember(header: Buffer): void;
  /** Records that this process has closed the file. */
  close(): void;
}

interface Opened {
  header: Buffer;
  count: number;
}

// closing any descriptor of a file drops all locks of this process on it (fcntl(2)), also SQLite's: so the header is read
// before the first open, and kept for later ones
const opened = new Map<string, Opened>();

/**
 * Finds a database file, or creates an empty one that only its owner can read.
 *
 * @throws AshlarError `directory-missing`, `filesystem-unsafe`, `database-missing`, `privilege-missing`, `url-invalid`
 */
export function openFile(given: string, create: boolean): DatabaseFile {
  const path = locate(given);
  const identity = fileIdentity(path, create);
  const entry = opened.get(identity) ?? { header: readHeader(path), count: 0 };
  const shared = entry.count > 0;
  entry.count++;
  opened.set(identity, entry);
  return {
    path,
    identity,
    header: entry.header,
    shared,
    remember: (header) => {
      entry.header = header;
    },
    close: () => {
      entry.count--;
      if (entry.count === 0) opened.delete(identity);
    },
  };
}

/**
 * Creates the folder of a database file, with those above it, unless it exists. Nothing is created on a file system that
 * cannot have a database.
 *
 * @throws AshlarError `filesystem-unsafe`, `directory-missing`
 */
export function makeFolderOf(given: string): void {
  const folder = dirname(resolve(given));
  if (existsSync(folder)) return;
  let above = dirname(folder);
  while (!existsSync(above)) above = dirname(above);
  assertSafeFileSystem(above);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    throw new AshlarError('directory-missing', {
      message: `The folder ${folder} does not exist and cannot be created.`,
      detail: `Its creation in ${above} failed with ${errno(cause)}.`,
      suggestion: 'Choose a folder that this process may write.',
      cause,
    });
  }
}

/**
 * Returns the path of a database file, absolute and without symbolic links. The file need not exist.
 *
 * @throws AshlarError `directory-missing`, `filesystem-unsafe`
 */
export function locate(given: string): string {
  const path = realPath(resolve(given));
  assertSafeFileSystem(dirname(path));
  return path;
}

/**
 * Throws if this process may not write a database file, or create files next to it, as the log is. SQLite opens such a file
 * for reading only, and then refuses the first write.
 *
 * @throws AshlarError `privilege-missing`
 */
export function assertWritable(path: string): void {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    accessSync(dirname(path), constants.W_OK | constants.X_OK);
  } catch (error) {
    throw fileError(path, error);
  }
}

const realPath = (path: string): string => {
  try {
    return realpathSync(path);
  } catch {
    // the file does not exist yet, but its folder must
  }
  const folder = dirname(path);
  try {
    return join(realpathSync(folder), basename(path));
  } catch (cause) {
    throw new AshlarError('directory-missing', {
      message: `The folder ${folder} does not exist.`,
      suggestion: `Create it: mkdir -p '${folder}'`,
      cause,
    });
  }
};

const fileIdentity = (path: string, create: boolean): string => {
  try {
    if (create) closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (errno(error) !== 'EEXIST') throw fileError(path, error);
  }
  try {
    const found = statSync(path, { bigint: true });
    if (!found.isFile()) {
      throw new AshlarError('url-invalid', {
        message: `${path} is not a file.`,
        suggestion: 'Name a file in the folder, for example sqlite:data/app.db.',
      });
    }
    if (!create && found.size === 0n) {
      throw new AshlarError('database-missing', {
        message: `${path} is an empty file, not a database.`,
        suggestion: 'Check the path, or create the database: ashlar up.',
      });
    }
    return `${found.dev}:${found.ino}`;
  } catch (error) {
    throw fileError(path, error);
  }
};

const readHeader = (path: string): Buffer => {
  const header = Buffer.alloc(saltBytes);
  try {
    const descriptor = openSync(path, 'r');
    try {
      return header.subarray(0, readSync(descriptor, header, 0, saltBytes, 0));
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw fileError(path, error);
  }
};

const errno = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;

/** Translates an error of the file system into an AshlarError; returns an AshlarError unchanged. */
export function fileError(path: string, error: unknown): unknown {
  switch (errno(error)) {
    case 'ENOENT':
      return new AshlarError('database-missing', {
        message: `There is no database at ${path}.`,
        suggestion: 'Check the path, or create the database first.',
        cause: error,
      });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new AshlarError('privilege-missing', {
        message: `This process has no permission to read and write ${path} and the files next to it.`,
        detail: 'SQLite keeps a -wal and a -shm file next to the database.',
        suggestion: 'Change the owner or the permissions of the file and its folder.',
        cause: error,
      });
    case 'ENOSPC':
      return new AshlarError('disk-full', {
        message: `${path} cannot be written: the disk is full.`,
        cause: error,
      });
    default:
      return error instanceof AshlarError
        ? error
        : new AshlarError('statement-failed', { message: `${path} cannot be opened.`, cause: error });
  }
}
