import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { AshlarError } from '../../../errors.js';
import { type Driver, type DriverDatabase, loadDriver } from '../driver/driver.js';
import { type BareFile, openBare, setCipher } from './bare.js';
import { copyRows } from './copy-rows.js';
import { persist, removeFile } from './durable.js';
import { fileError, locate, openFile } from './file.js';
import { rawKey, saltBytes } from './key.js';
import { assertEncryptable, openFailure, triedKey } from './open-failure.js';
import { type Cipher, ownCipher } from './sqlcipher.js';

/** The database file to copy, with its key and its encryption format. */
export interface RewriteSource {
  readonly path: string;
  /** The key of the file, as a user gives it; `undefined` for a plain file. */
  readonly key?: string | undefined;
  /** The encryption format of the file. Default: the format that Ashlar writes. */
  readonly cipher?: Cipher | undefined;
}

/** The new file to write, and its key. */
export interface RewriteTarget {
  /** The path of the new file; it must not exist. */
  readonly path: string;
  /** The key of the file, as a user gives it; `undefined` for a plain file. */
  readonly key?: string | undefined;
}

/**
 * Writes a consistent copy of a database file, encrypted with the key of the target, or plain if the target has no key.
 * Schema, rows, hidden rowids, sequences, user_version and application_id are the same. The target is encrypted from
 * its first byte, has a new salt, and is synced to disk; after a failure it does not exist. The source is only read,
 * and other processes can use it. Blocks the event loop (about 100 MB a second).
 *
 * @throws AshlarError `key-wrong`, `key-invalid`, `key-missing`, `database-missing`, `database-corrupt`, `disk-full`,
 *   `privilege-missing`, `filesystem-unsafe`, `directory-missing`; `state-conflict` if the target exists
 */
export async function rewriteUnderKey(source: RewriteSource, target: RewriteTarget): Promise<void> {
  const driver = await loadDriver();
  const cipher = source.cipher ?? ownCipher;
  const file = openFile(source.path, false);
  try {
    if (source.key !== undefined) assertEncryptable(file);
    const from = source.key === undefined ? undefined : await rawKey(source.key, file.header, cipher.version);
    const to = target.key === undefined ? undefined : await rawKey(target.key, randomBytes(saltBytes));
    const path = createEmpty(target.path);
    try {
      inItsEncoding((encoding) => {
        const copy = openCopy({
          driver,
          source: { path: file.path, key: from, cipher },
          target: { path, key: to },
          encoding,
        });
        try {
          copy.run();
        } finally {
          copy.close();
        }
      });
      persist(path);
    } catch (error) {
      removeFile(path);
      throw await openFailure(error, file, triedKey(source.key, from));
    }
  } finally {
    file.close();
  }
}

/** A copy operation that is ready to run: a connection to the new file, with the source file attached as `old`. */
export interface PendingCopy {
  readonly database: DriverDatabase;
  run(): void;
  close(): void;
}

/** The source and target files of a copy operation, and how to open them. */
export interface CopyFiles {
  readonly driver: Driver;
  readonly source: BareFile;
  readonly target: BareFile;
  readonly encoding: string;
  readonly hold?: boolean;
}

/**
 * Opens the files of a copy operation, and returns the operation, ready to run. Throws the errors of the driver.
 *
 * @param target - an empty file
 * @param hold - the caller will lock the old file, so it is opened for writing
 */
export function openCopy({ driver, source, target, encoding, hold = false }: CopyFiles): PendingCopy {
  const { cipher = ownCipher } = source;
  // VACUUM INTO cannot change the page size of an encrypted file
  const repaged =
    source.key !== undefined && target.key !== undefined && cipher.pageBytes !== ownCipher.pageBytes;
  // a file attached to a read-only connection is read-only too; else closing it would checkpoint its write-ahead log
  const database = openBare(driver, target, repaged || hold ? 'write' : 'read');
  try {
    database.pragma(`encoding = '${encoding}'`);
    attach(database, source.path, source.key, cipher);
    database.prepare('SELECT count(*) FROM old.sqlite_schema').get();
  } catch (error) {
    database.close();
    throw error;
  }
  return {
    database,
    run: () => {
      if (repaged) copyRows(database);
      else copyWhole(database, target.path, target.key !== undefined);
    },
    close: () => database.close(),
  };
}

/**
 * Creates an empty file that only its owner can read. @returns its path, resolved
 *
 * @throws AshlarError `state-conflict` if it exists; `directory-missing`, `filesystem-unsafe`, `disk-full`
 */
export function createEmpty(given: string): string {
  const path = locate(given);
  try {
    closeSync(openSync(path, 'wx', 0o600));
    return path;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw fileError(path, cause);
    throw new AshlarError('state-conflict', {
      message: `${path} exists and is not overwritten.`,
      suggestion: 'Choose another path, or move the file away.',
      cause,
    });
  }
}

const attach = (database: DriverDatabase, path: string, key: string | undefined, cipher: Cipher): void => {
  setCipher(database, cipher);
  // a parameter, so that no SQL text has the key; empty means no key, while NULL would mean the key of main
  const secret = Buffer.from(key ?? '');
  database.prepare('ATTACH ? AS old KEY ?').run(path, secret);
  secret.fill(0);
};

// VACUUM INTO opens its file without a key, and it gets the key of main: main is the same file, still empty
const copyWhole = (database: DriverDatabase, path: string, encrypted: boolean): void => {
  if (encrypted) database.pragma(`page_size = ${ownCipher.pageBytes}`);
  database.prepare('VACUUM old INTO ?').run(path);
};

/**
 * Calls `work` with each text encoding in turn until one matches the file that `work` attaches. SQLite attaches a file
 * only to a database of the same encoding, and the encoding of an encrypted file is not known before.
 */
export function inItsEncoding<T>(
  work: (encoding: string) => T,
  [encoding = 'UTF-8', ...others]: readonly string[] = ['UTF-8', 'UTF-16le', 'UTF-16be'],
): T {
  try {
    return work(encoding);
  } catch (error) {
    if (others.length === 0 || !(error instanceof Error) || !otherEncoding.test(error.message)) throw error;
    return inItsEncoding(work, others);
  }
}

const otherEncoding = /must use the same text encoding/;
