import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, rmSync, statSync } from 'node:fs';
import type { OpenOptions } from '../../../contract/open-options.js';
import type { KeyRotation } from '../../../contract/whole-file.js';
import { AshlarError } from '../../../errors.js';
import { type Driver, type DriverDatabase, loadDriver } from '../driver/driver.js';
import { isBusy } from '../driver/errors.js';
import { fileInUse } from '../driver/waiting.js';
import { digestOf } from './digest.js';
import { removeFile, removeTemporaryFiles, replaceFile, temporaryName } from './durable.js';
import { type DatabaseFile, fileError, openFile } from './file.js';
import { assertKey, keyFingerprint, rawKey, saltBytes } from './key.js';
import { assertEncryptable, openFailure, triedKey } from './open-failure.js';
import { createEmpty, inItsEncoding, openCopy } from './rewrite.js';
import { verified } from './verified.js';

/**
 * Replaces an encrypted file with a copy that is encrypted with a new key, after comparing the copy with the file. No
 * process may have the file open. After a kill at any point the file opens with exactly one of the two keys; running
 * the rotation again completes it, or reports that it is done.
 *
 * @throws AshlarError `database-locked` if the file is open; `key-wrong`, `key-missing`, `key-invalid`, `disk-full`,
 *   `database-corrupt`; `usage` if both keys are the same; the errors of opening
 */
export async function rotateKey(
  path: string,
  { key, lockTimeout = 5000 }: Pick<OpenOptions, 'key' | 'lockTimeout'>,
  newKey: string,
): Promise<KeyRotation> {
  assertKey(key);
  assertKey(newKey);
  const driver = await loadDriver();
  const file = openFile(path, false);
  try {
    if (file.shared) throw fileInUse(file.path);
    assertEncryptable(file);
    const [from, to] = [await rawKey(key, file.header), await rawKey(newKey, randomBytes(saltBytes))];
    if (keyFingerprint(await rawKey(newKey, file.header)) === keyFingerprint(from)) throw sameKey();
    try {
      return await swap({ driver, file, from, to, lockTimeout });
    } catch (error) {
      const failure = await openFailure(error, file, triedKey(key, from));
      // an earlier run may have been killed after the rename
      if (failure.code === 'key-wrong') return await underNewKey(driver, file, newKey, failure);
      throw failure;
    }
  } finally {
    file.close();
  }
}

interface Swap {
  readonly driver: Driver;
  readonly file: DatabaseFile;
  readonly from: string;
  readonly to: string;
  readonly lockTimeout: number;
}

const swap = async ({ driver, file, from, to, lockTimeout }: Swap): Promise<KeyRotation> => {
  const fresh = createEmpty(temporaryName(file.path, 'key'));
  try {
    return inItsEncoding((encoding): KeyRotation => {
      const source = { path: file.path, key: from };
      const copy = openCopy({ driver, source, target: { path: fresh, key: to }, encoding, hold: true });
      try {
        takeAlone(copy.database, file.path, lockTimeout);
        // under EXCLUSIVE locking SQLite leaves the journal of a finished transaction
        rmSync(`${file.path}-journal`, { force: true });
        removeTemporaryFiles(file.path, 'key', fresh);
        copy.run();
        const digest = verified(driver, { path: fresh, key: to }, digestOf(copy.database, 'old'));
        putInPlace(fresh, file.path);
        return { outcome: 'rotated', path: file.path, ...digest };
      } finally {
        copy.close();
      }
    });
  } finally {
    removeFile(fresh);
  }
};

// leaving WAL checkpoints the log and works only for the sole connection; EXCLUSIVE keeps that lock. The last mode is
// memory, because SQLite removes the journal when it closes, which by then could belong to the new file
const takeAlone = (database: DriverDatabase, path: string, lockTimeout: number): void => {
  database.pragma(`busy_timeout = ${lockTimeout}`);
  database.pragma('old.locking_mode = EXCLUSIVE');
  try {
    for (const mode of ['wal', 'delete', 'memory']) {
      // SQLite can keep the mode, and report it instead of failing
      if (database.pragma(`old.journal_mode = ${mode}`, { simple: true }) !== mode) throw fileInUse(path);
    }
  } catch (error) {
    throw isBusy(error) ? fileInUse(path, error) : error;
  }
};

const putInPlace = (fresh: string, path: string): void => {
  const { mode, uid, gid } = statSync(path);
  try {
    chmodSync(fresh, mode & 0o777);
    // the service must own the new file too when root rotates the key
    if (uid !== statSync(fresh).uid || gid !== statSync(fresh).gid) chownSync(fresh, uid, gid);
  } catch (error) {
    throw fileError(fresh, error);
  }
  // a process that opened the old file just now and waits for its lock: SQLite reports that the file has moved
  replaceFile(fresh, path);
};

const underNewKey = async (
  driver: Driver,
  file: DatabaseFile,
  newKey: string,
  failure: AshlarError,
): Promise<KeyRotation> => {
  const key = await rawKey(newKey, file.header);
  try {
    return { outcome: 'already', path: file.path, ...verified(driver, { path: file.path, key }) };
  } catch {
    throw failure;
  }
};

const sameKey = (): AshlarError =>
  new AshlarError('usage', {
    message: 'The database already has this key.',
    suggestion: 'Make a new key: ashlar key new.',
  });
