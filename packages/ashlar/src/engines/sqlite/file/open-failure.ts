import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { AshlarError } from '../../../errors.js';
import { primaryCode, sqliteError } from '../driver/errors.js';
import type { DatabaseFile } from './file.js';
import { authenticPages, opensJournal, recogniseCipher } from './page-authentication.js';
import { type Cipher, ownCipher } from './sqlcipher.js';

const plainHeader = 'SQLite format 3\0';

/** Whether a file header is the header of a plain SQLite file. */
export function isPlain(header: Buffer): boolean {
  return header.toString('latin1') === plainHeader;
}

/**
 * Throws if the header of a file that is to be opened with a key shows that the file is not encrypted.
 *
 * @throws AshlarError `database-not-encrypted`
 */
export function assertEncryptable(file: DatabaseFile): void {
  if (!isPlain(file.header)) return;
  throw new AshlarError('database-not-encrypted', {
    message: `${file.path} is a plain SQLite file, not an encrypted one.`,
    suggestion: `Open it as sqlite:${file.path}, or import it into a new encrypted file: ashlar import.`,
  });
}

/** A key with which opening a file was tried, in two forms: as the user gives it, and as `x'KEYSALT'` in hex. */
export interface TriedKey {
  readonly given: string;
  readonly raw: string;
}

/** Combines the two forms of a key into a `TriedKey`; returns `undefined` if there is no key. */
export function triedKey(given: string | undefined, raw: string | undefined): TriedKey | undefined {
  return given === undefined || raw === undefined ? undefined : { given, raw };
}

/**
 * Determines why a file cannot be opened, and returns the AshlarError for that cause. SQLite reports "not a database"
 * for a wrong key, a missing key, another SQLCipher version and damage alike. This function distinguishes them by the
 * pages' HMACs.
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
      return damaged(file, error, endIsMissing(file) ? cutOff : 'One of the pages of the file was changed.');
    case 'SQLITE_BUSY':
    case 'SQLITE_LOCKED':
      return new AshlarError('database-locked', {
        message: `Another process has locked ${file.path}.`,
        suggestion: 'Close the other program, or raise lockTimeout.',
        cause: error,
      });
    case 'SQLITE_CANTOPEN':
    case 'SQLITE_READONLY':
    case 'SQLITE_PERM':
      return new AshlarError('privilege-missing', {
        message: `This process has no permission to read and write ${file.path} and the files next to it.`,
        detail: 'SQLite keeps a -wal and a -shm file next to the database.',
        suggestion: 'Change the owner or the permissions of the file and its folder.',
        cause: error,
      });
    default:
      return sqliteError(error);
  }
}

const unreadable = (file: DatabaseFile, cause: unknown): AshlarError => {
  if (isPlain(file.header)) return damaged(file, cause, endIsMissing(file) ? cutOff : undefined);
  // if this process has the file open elsewhere, reading it here would drop SQLite's locks
  if (!file.shared && !looksEncrypted(file.path)) return noDatabase(file, cause);
  return new AshlarError('key-missing', {
    message: `${file.path} is encrypted, but was opened as a plain SQLite file.`,
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
    detail: 'No page of the file was encrypted under this key.',
    suggestion: 'Check DATABASE_KEY. A raw key has 64 hex digits.',
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
      endIsMissing(file) ? cutOff : 'The key is right, but the first page was changed.',
    );
  }
  const cipher = await recogniseCipher(file.path, given);
  if (cipher && !isOwn(cipher)) return otherCipher(file, cipher, cause);
  return looksEncrypted(file.path) ? undefined : noDatabase(file, cause);
};

// another process may have created the file in this moment, with another salt
const isOwn = ({ version, pageBytes }: Cipher): boolean =>
  version === ownCipher.version && pageBytes === ownCipher.pageBytes;

const otherCipher = ({ path }: DatabaseFile, { version, pageBytes }: Cipher, cause: unknown): AshlarError =>
  new AshlarError('cipher-version', {
    message: `${path} is a SQLCipher ${version} file with pages of ${pageBytes} bytes.`,
    detail: `The key is right; Ashlar works with SQLCipher ${ownCipher.version} and pages of ${ownCipher.pageBytes} bytes.`,
    suggestion: `Import it into a new file: ashlar import ${path} --to sqlcipher:NEW.db`,
    cause,
  });

const noDatabase = ({ path }: DatabaseFile, cause: unknown): AshlarError =>
  new AshlarError('not-a-database', {
    message: `${path} is not a database.`,
    detail: 'It has no SQLite header, and its bytes are not random like those of an encrypted file.',
    suggestion: 'Check the path.',
    cause,
  });

const cutOff = 'The end of the file is missing: the size is not a multiple of the page size.';

// the smallest page size is 512
const endIsMissing = ({ path, header }: DatabaseFile): boolean =>
  statSync(path).size % (isPlain(header) ? 512 : ownCipher.pageBytes) !== 0;

const journalMagic = Buffer.from('d9d505f920a163d7', 'hex');

/** Whether a database file has a rollback journal from which SQLite would restore the file. */
export function hasHotJournal(path: string): boolean {
  try {
    return startOf(`${path}-journal`, journalMagic.length).equals(journalMagic);
  } catch {
    return false;
  }
}

// 1024 random bytes have nearly all of the 256 values; text has fewer than half
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
    suggestion: 'Keep the file and its -wal file, and restore the last verified backup to another path.',
    cause,
  });
