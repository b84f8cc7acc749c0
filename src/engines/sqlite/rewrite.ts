import { randomBytes } from 'node:crypto';
import { closeSync, openSync, rmSync } from 'node:fs';
import { AshlarError } from '../../errors.js';
import { openBare, setCipher } from './bare.js';
import { copyContent } from './copy-content.js';
import { type DriverDatabase, loadDriver } from './driver.js';
import { besides, persist } from './durable.js';
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
      // SQLite cannot give an encrypted file other pages while it copies it as a whole
      const repaged = from !== undefined && to !== undefined && cipher.pageBytes !== ownCipher.pageBytes;
      inItsEncoding((encoding) => {
        // read-only, so that what is attached is only read: closing it would fold a write-ahead log into it
        const database = openBare(driver, { path, key: to }, repaged ? 'write' : 'read');
        try {
          database.pragma(`encoding = '${encoding}'`);
          attach(database, file.path, from, cipher);
          database.prepare('SELECT count(*) FROM old.sqlite_schema').get();
          if (repaged) copyContent(database);
          else copyWhole(database, path, to !== undefined);
        } finally {
          database.close();
        }
      });
      persist(path);
    } catch (error) {
      for (const ending of ['', ...besides]) rmSync(path + ending, { force: true });
      throw await openFailure(error, file, triedKey(source.key, from));
    }
  } finally {
    file.close();
  }
};

const createEmpty = (given: string): string => {
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
const inItsEncoding = (
  work: (encoding: string) => void,
  [encoding = 'UTF-8', ...others]: readonly string[] = ['UTF-8', 'UTF-16le', 'UTF-16be'],
): void => {
  try {
    work(encoding);
  } catch (error) {
    if (others.length === 0 || !(error instanceof Error) || !otherEncoding.test(error.message)) throw error;
    inItsEncoding(work, others);
  }
};

const otherEncoding = /must use the same text encoding/;
