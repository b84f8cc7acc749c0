import { statSync } from 'node:fs';
import { AshlarError } from '../../errors.js';
import { primaryCode, sqliteError } from './errors.js';
import type { DatabaseFile } from './file.js';
import { authenticPages } from './page-authentication.js';

const plainHeader = 'SQLite format 3\0';

/** Whether a header is that of a plain SQLite file. */
export const isPlain = (header: Buffer): boolean => header.toString('latin1') === plainHeader;

/**
 * Refuses a file by its header, before it is opened.
 *
 * @throws AshlarError `database-not-encrypted`
 */
export const assertEncryptable = (file: DatabaseFile): void => {
  if (!isPlain(file.header)) return;
  throw new AshlarError('database-not-encrypted', {
    message: `${file.path} is a plain SQLite file, not an encrypted one.`,
    suggestion: `Open it as sqlite:${file.path}, or copy it into a new encrypted file.`,
  });
};

/** Why a file could not be opened: SQLite says "not a database" of a wrong key, a missing one and damage alike. */
export const openFailure = (error: unknown, file: DatabaseFile, key: string | undefined): AshlarError => {
  switch (primaryCode(error)) {
    case 'SQLITE_NOTADB':
      return key === undefined ? unreadable(file, error) : wrongKeyOrDamage(file, key, error);
    case 'SQLITE_CORRUPT':
      return damaged(file, error);
    case 'SQLITE_BUSY':
    case 'SQLITE_LOCKED':
      return new AshlarError('database-locked', {
        message: `Another process holds ${file.path}.`,
        suggestion: 'Close the other program, or raise lockTimeout.',
        cause: error,
      });
    case 'SQLITE_CANTOPEN':
    case 'SQLITE_READONLY':
    case 'SQLITE_PERM':
      return new AshlarError('privilege-missing', {
        message: `This process may not read and write ${file.path} and the files beside it.`,
        detail: 'SQLite keeps a -wal and a -shm file beside the database.',
        suggestion: 'Change the owner or the mode of the file and its folder.',
        cause: error,
      });
    default:
      return sqliteError(error);
  }
};

const unreadable = (file: DatabaseFile, cause: unknown): AshlarError => {
  if (isPlain(file.header) || statSync(file.path).size % 512 !== 0) return damaged(file, cause);
  return new AshlarError('key-missing', {
    message: `${file.path} is not a plain SQLite file: it is encrypted, or not a database.`,
    suggestion: `Open it as sqlcipher:${file.path} with its key.`,
    cause,
  });
};

const wrongKeyOrDamage = (file: DatabaseFile, key: string, cause: unknown): AshlarError => {
  // with this file open elsewhere in this process, reading it would drop the locks
  if (!file.shared && authenticPages(file.path, key)) return damaged(file, cause);
  return new AshlarError('key-wrong', {
    message: `The key does not open ${file.path}.`,
    detail: 'No page of the file was written under this key.',
    suggestion: 'Check DATABASE_KEY, and that a raw key is given as 64 hex digits.',
    cause,
  });
};

const damaged = (file: DatabaseFile, cause: unknown): AshlarError =>
  new AshlarError('database-corrupt', {
    message: `${file.path} is damaged.`,
    suggestion: 'Keep the file with its -wal, and restore the last verified backup beside it.',
    cause,
  });
