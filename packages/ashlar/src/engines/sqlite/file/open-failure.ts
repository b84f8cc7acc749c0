import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { AshlarError } from '../../../errors.js';
import { primaryCode, sqliteError } from '../driver/errors.js';
import type { DatabaseFile } from './file.js';
import { authenticPages, opensJournal, recogniseCipher } from './page-authentication.js';
import { type Cipher, ownCipher } from './sqlcipher.js';

const plainHeader = 'SQLite format 3\0';

/** Whether a header is that of a plain SQLite file. */
export function isPlain(header: Buffer): boolean {
  return header.toString('latin1') === plainHeader;
}

/**
 * Refuses a file by its header, before it is opened.
 *
 * @throws AshlarError `database-not-encrypted`
 */
export function assertEncryptable(file: DatabaseFile): void {
  if (!isPlain(file.header)) return;
  throw new AshlarError('database-not-encrypted', {
    message: `${file.path} is a plain SQLite file, not an encrypted one.`,
    suggestion: `Open it as sqlite:${file.path}, or copy it into a new encrypted file.`,
  });
}

/** A key as a user gives it, and what it becomes for a file: `x'KEYSALT'`. */
export interface TriedKey {
  readonly given: string;
  readonly raw: string;
}

export function triedKey(given: string | undefined, raw: string | undefined): TriedKey | undefined {
  return given === undefined || raw === undefined ? undefined : { given, raw };
}

/**
 * Why a file could not be opened. SQLite says "not a database" of a wrong key, a missing one, another version of the
 * cipher and damage alike: here they are told apart, by what in the file was written under the key.
 */
export async function openFailure(
  error: unknown,
  file: DatabaseFile,
  key: TriedKey | undefined,
): Promise<AshlarError> {
  if (error instanceof AshlarError) return error;
  switch (primaryCode(error)) {
    case 'SQLITE_NOTADB':
      return key === undefined ? unreadable(file, error) : undecipherable(file, key, error);
    case 'SQLITE_CORRUPT':
      return damaged(file, error, endIsMissing(file) ? cutOff : 'A page of it is not as it was written.');
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
}

const unreadable = (file: DatabaseFile, cause: unknown): AshlarError => {
  if (isPlain(file.header)) return damaged(file, cause, endIsMissing(file) ? cutOff : undefined);
  // with this file open elsewhere in this process, reading it would drop the locks
  if (!file.shared && !looksEncrypted(file.path)) return noDatabase(file, cause);
  return new AshlarError('key-missing', {
    message: `${file.path} is encrypted, and was opened as a plain SQLite file.`,
    suggestion: `Open it as sqlcipher:${file.path} with its key.`,
    cause,
  });
};

const undecipherable = async (file: DatabaseFile, key: TriedKey, cause: unknown): Promise<AshlarError> => {
  if (!file.shared) {
    const known = await recognised(file, key, cause);
    if (known) return known;
  }
  return new AshlarError('key-wrong', {
    message: `The key does not open ${file.path}.`,
    detail: 'No page of the file was written under this key.',
    suggestion: 'Check DATABASE_KEY, and that a raw key is given as 64 hex digits.',
    cause,
  });
};

const recognised = async (
  file: DatabaseFile,
  { given, raw }: TriedKey,
  cause: unknown,
): Promise<AshlarError | undefined> => {
  if (hasHotJournal(file.path) && (await opensJournal(file.path, given))) {
    return damaged(
      file,
      cause,
      'The key is right, but a PRAGMA rekey was interrupted, and its journal cannot be played back.',
    );
  }
  if (authenticPages(file.path, raw)) {
    return damaged(
      file,
      cause,
      endIsMissing(file) ? cutOff : 'The key is right, but the first page is not as it was written.',
    );
  }
  const cipher = await recogniseCipher(file.path, given);
  if (cipher && !isOwn(cipher)) return otherCipher(file, cipher, cause);
  return looksEncrypted(file.path) ? undefined : noDatabase(file, cause);
};

// one that another process has made this moment, with a salt of its own
const isOwn = ({ version, pageBytes }: Cipher): boolean =>
  version === ownCipher.version && pageBytes === ownCipher.pageBytes;

const otherCipher = ({ path }: DatabaseFile, { version, pageBytes }: Cipher, cause: unknown): AshlarError =>
  new AshlarError('cipher-version', {
    message: `${path} is a SQLCipher ${version} file with pages of ${pageBytes} bytes.`,
    detail: `The key is right; Ashlar works with SQLCipher ${ownCipher.version} and pages of ${ownCipher.pageBytes} bytes.`,
    suggestion: `Copy it into a new file: ashlar import ${path} --to sqlcipher:NEW.db`,
    cause,
  });

const noDatabase = ({ path }: DatabaseFile, cause: unknown): AshlarError =>
  new AshlarError('not-a-database', {
    message: `${path} is no database.`,
    detail: 'It has neither the header of an SQLite file nor the look of an encrypted one.',
    suggestion: 'Check the path.',
    cause,
  });

const cutOff = 'Its end is missing: its size is no whole number of pages.';

// a power of two from 512 is the least that pages have
const endIsMissing = ({ path, header }: DatabaseFile): boolean =>
  statSync(path).size % (isPlain(header) ? 512 : ownCipher.pageBytes) !== 0;

const journalMagic = Buffer.from('d9d505f920a163d7', 'hex');

/** Whether a journal stands beside a file that has to be played back into it. */
export function hasHotJournal(path: string): boolean {
  try {
    return startOf(`${path}-journal`, journalMagic.length).equals(journalMagic);
  } catch {
    return false;
  }
}

// of 256 values a page of random bytes has nearly all, whatever its size; text has fewer than half
const leastValues = 180;

const looksEncrypted = (path: string): boolean => new Set(startOf(path, 1024)).size >= leastValues;

const startOf = (path: string, bytes: number): Buffer => {
  const start = Buffer.alloc(bytes);
  const descriptor = openSync(path, 'r');
  try {
    return start.subarray(0, readSync(descriptor, start, 0, bytes, 0));
  } finally {
    closeSync(descriptor);
  }
};

const damaged = (file: DatabaseFile, cause: unknown, detail: string | undefined): AshlarError =>
  new AshlarError('database-corrupt', {
    message: `${file.path} is damaged.`,
    detail,
    suggestion: 'Keep the file with its -wal, and restore the last verified backup beside it.',
    cause,
  });
