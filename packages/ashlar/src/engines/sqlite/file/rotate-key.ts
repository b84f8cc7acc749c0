import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, rmSync, statSync } from 'node:fs';
import type { OpenOptions } from '../../../contract/open-options.js';
import type { KeyRotation } from '../../../contract/whole-file.js';
import { AshlarError } from '../../../errors.js';
import { type Driver, type DriverDatabase, loadDriver } from '../driver/driver.js';
import { isBusy } from '../driver/errors.js';
import { fileInUse } from '../driver/waiting.js';
import { contentOf } from './content.js';
import { passingName, removeFile, removeLeftovers, replaceFile } from './durable.js';
import { type DatabaseFile, fileError, openFile } from './file.js';
import { assertKey, keyFingerprint, rawKey, saltBytes } from './key.js';
import { assertEncryptable, openFailure, triedKey } from './open-failure.js';
import { createEmpty, inItsEncoding, openCopy } from './rewrite.js';
import { verified } from './verified.js';

/**
 * Puts an encrypted file under another key, by writing it anew beside itself and, once the copy has been read and
 * compared, by one rename. Nobody may have it open meanwhile. Killed at any moment, the file opens with exactly one of
 * the two keys; running it again finishes, or says that it is done.
 *
 * @throws AshlarError `database-locked` where somebody has the file open; `key-wrong`, `key-missing`, `key-invalid`,
 *   `disk-full`, `database-corrupt`; `usage` where both keys are the same; what opening throws
 */
export const rotateKey = async (
  path: string,
  { key, lockTimeout = 5000 }: Pick<OpenOptions, 'key' | 'lockTimeout'>,
  newKey: string,
): Promise<KeyRotation> => {
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
      return await swap(driver, file, from, to, lockTimeout);
    } catch (error) {
      const failure = await openFailure(error, file, triedKey(key, from));
      // killed after the rename, and run again
      if (failure.code === 'key-wrong') return await underNewKey(driver, file, newKey, failure);
      throw failure;
    }
  } finally {
    file.close();
  }
};

const swap = async (
  driver: Driver,
  file: DatabaseFile,
  from: string,
  to: string,
  lockTimeout: number,
): Promise<KeyRotation> => {
  const fresh = createEmpty(passingName(file.path, 'key'));
  try {
    return inItsEncoding((encoding): KeyRotation => {
      const source = { path: file.path, key: from };
      const copy = openCopy(driver, source, { path: fresh, key: to }, encoding, true);
      try {
        takeAlone(copy.database, file.path, lockTimeout);
        // whoever holds the lock for good leaves the journal of what is done
        rmSync(`${file.path}-journal`, { force: true });
        removeLeftovers(file.path, 'key', fresh);
        copy.run();
        const content = verified(driver, { path: fresh, key: to }, contentOf(copy.database, 'old'));
        putInPlace(fresh, file.path);
        return { outcome: 'rotated', path: file.path, ...content };
      } finally {
        copy.close();
      }
    });
  } finally {
    removeFile(fresh);
  }
};

// leaving WAL folds the log in, and works only for whoever is alone; the lock that it takes is kept. In memory at last,
// because SQLite would take away the journal when it closes: by then another's, of the file that has come in place
const takeAlone = (database: DriverDatabase, path: string, lockTimeout: number): void => {
  database.pragma(`busy_timeout = ${lockTimeout}`);
  database.pragma('old.locking_mode = EXCLUSIVE');
  try {
    for (const mode of ['wal', 'delete', 'memory']) {
      // SQLite may leave the mode as it is, and only say so
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
    // run as root, it must go on belonging to the service
    if (uid !== statSync(fresh).uid || gid !== statSync(fresh).gid) chownSync(fresh, uid, gid);
  } catch (error) {
    throw fileError(fresh, error);
  }
  // whoever opened the old file in this moment and waits for its lock is told by SQLite, before he writes, that it has moved
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
    message: 'The new key is the one that the database has.',
    suggestion: 'Make a new one: ashlar key new.',
  });
