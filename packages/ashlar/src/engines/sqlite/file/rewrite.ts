import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { AshlarError } from '../../../errors.js';
import { type Driver, type DriverDatabase, loadDriver } from '../driver/driver.js';
import { type BareFile, openBare, setCipher } from './bare.js';
import { copyContent } from './copy-content.js';
import { persist, removeFile } from './durable.js';
import { fileError, locate, openFile } from './file.js';
import { rawKey, saltBytes } from './key.js';
import { assertEncryptable, openFailure, triedKey } from './open-failure.js';
import { type Cipher, ownCipher } from './sqlcipher.js';

/** A database file to be copied. */
export interface RewriteSource {
  readonly path: string;
  /** Its key, as a user gives it; `undefined` for a plain file. */
  readonly key?: string | undefined;
  /** How it is encrypted. Default: as Ashlar does. */
  readonly cipher?: Cipher | undefined;
}

/** The file that is to be written. */
export interface RewriteTarget {
  /** Must not exist. */
  readonly path: string;
  /** The key it is encrypted with, as a user gives it; `undefined` for a plain file. */
  readonly key?: string | undefined;
}

/**
 * Writes a database anew under another key, or from plain to encrypted or back, as it is at one moment: schema, rows,
 * hidden rowids, sequences, user_version and application_id are the same. The target is encrypted from its first byte,
 * has a salt of its own, and is on disk when this returns; when it fails, there is none. The source is only read, and
 * others may go on using it. This process does nothing else meanwhile (about 100 MB a second).
 *
 * @throws AshlarError `key-wrong`, `key-invalid`, `key-missing`, `database-missing`, `database-corrupt`, `disk-full`,
 *   `privilege-missing`, `filesystem-unsafe`, `directory-missing`; `state-conflict` where the target exists
 */
export const rewriteUnderKey = async (source: RewriteSource, target: RewriteTarget): Promise<void> => {
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
};

/** A copy that is about to be made: one connection, in which the old file is attached as `old` to the new one. */
export interface PendingCopy {
  readonly database: DriverDatabase;
  run(): void;
  close(): void;
}

/** The two files of a copy, and how they are opened. */
export interface CopyFiles {
  readonly driver: Driver;
  readonly source: BareFile;
  readonly target: BareFile;
  readonly encoding: string;
  readonly hold?: boolean;
}

/**
 * Opens what {@link rewriteUnderKey} copies by. Throws what the driver throws.
 *
 * @param target - a file that is there, and empty
 * @param hold - the old file will be locked as well as read, so it is opened for writing
 */
export const openCopy = ({ driver, source, target, encoding, hold = false }: CopyFiles): PendingCopy => {
  const { cipher = ownCipher } = source;
  // SQLite cannot give an encrypted file other pages while it copies it as a whole
  const repaged =
    source.key !== undefined && target.key !== undefined && cipher.pageBytes !== ownCipher.pageBytes;
  // what is attached to a file that is only read is only read, too: closing it would fold its write-ahead log into it
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
      if (repaged) copyContent(database);
      else copyWhole(database, target.path, target.key !== undefined);
    },
    close: () => database.close(),
  };
};

/**
 * An empty file that only its owner can read. @returns its path, resolved
 *
 * @throws AshlarError `state-conflict` where there is one; `directory-missing`, `filesystem-unsafe`, `disk-full`
 */
export const createEmpty = (given: string): string => {
  const path = locate(given);
  try {
    closeSync(openSync(path, 'wx', 0o600));
    return path;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw fileError(path, cause);
    throw new AshlarError('state-conflict', {
      message: `${path} exists, and nothing is written over.`,
      suggestion: 'Choose another path, or move the file away.',
      cause,
    });
  }
};

const attach = (database: DriverDatabase, path: string, key: string | undefined, cipher: Cipher): void => {
  setCipher(database, cipher);
  // bound, so that the key is in no SQL text; empty says that there is none, where NULL would mean that of main
  const secret = Buffer.from(key ?? '');
  database.prepare('ATTACH ? AS old KEY ?').run(path, secret);
  secret.fill(0);
};

// VACUUM INTO opens its file without a key, and such a file gets that of main: which is the same file, still empty
const copyWhole = (database: DriverDatabase, path: string, encrypted: boolean): void => {
  if (encrypted) database.pragma(`page_size = ${ownCipher.pageBytes}`);
  database.prepare('VACUUM old INTO ?').run(path);
};

// files can be attached only to one of their own encoding, and of an encrypted one it is not known before
export const inItsEncoding = <T>(
  work: (encoding: string) => T,
  [encoding = 'UTF-8', ...others]: readonly string[] = ['UTF-8', 'UTF-16le', 'UTF-16be'],
): T => {
  try {
    return work(encoding);
  } catch (error) {
    if (others.length === 0 || !(error instanceof Error) || !otherEncoding.test(error.message)) throw error;
    return inItsEncoding(work, others);
  }
};

const otherEncoding = /must use the same text encoding/;
