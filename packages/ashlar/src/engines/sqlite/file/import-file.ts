import { statSync } from 'node:fs';
import type { Imported, ImportSource } from '../../../contract/whole-file.js';
import { AshlarError } from '../../../errors.js';
import { type Driver, loadDriver } from '../driver/driver.js';
import { openBare } from './bare.js';
import { digestOf } from './digest.js';
import { removeFile, removeTemporaryFiles, replaceFile, temporaryName } from './durable.js';
import { locate, openFile } from './file.js';
import { assertKey, rawKey } from './key.js';
import { assertEncryptable, hasHotJournal, isPlain, openFailure, triedKey } from './open-failure.js';
import { recogniseCipher } from './page-authentication.js';
import { rewriteUnderKey } from './rewrite.js';
import { type Cipher, ownCipher } from './sqlcipher.js';
import { verified } from './verified.js';

/**
 * Imports a plain SQLite file, or a SQLCipher file of any version, into a new database file. The source is only read,
 * with its write-ahead log. The new file is written under a temporary name, read back and compared, then renamed: after
 * a kill at any point, the target is complete or missing.
 *
 * @param target - a file that does not exist, or is empty; and its key, if it is encrypted
 * @throws AshlarError `state-conflict` if the target is not empty, or the source was being written; the errors of
 *   {@link rewriteUnderKey}
 */
export async function importFile(
  target: { readonly path: string; readonly encrypted: boolean; readonly key: string | undefined },
  source: ImportSource,
): Promise<Imported> {
  const to = { path: target.path, key: target.encrypted ? target.key : undefined };
  // check the key before any file is created
  if (target.encrypted) assertKey(target.key);
  const path = locate(to.path);
  assertEmptyTarget(path);
  const driver = await loadDriver();
  const { cipher, key } = await recognise(source);
  removeTemporaryFiles(path, 'import');
  const fresh = temporaryName(path, 'import');
  try {
    await rewriteUnderKey({ path: source.path, key, cipher }, { path: fresh, key: to.key });
    const expected = await digestOfFile(driver, source.path, key, cipher);
    const content = verified(driver, { path: fresh, key: await keyOf(fresh, to.key) }, expected);
    assertEmptyTarget(path);
    replaceFile(fresh, path);
    return { path, source: key === undefined ? 'SQLite' : `SQLCipher ${cipher.version}`, ...content };
  } finally {
    removeFile(fresh);
  }
}

const assertEmptyTarget = (path: string): void => {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found || (found.isFile() && found.size === 0)) return;
  throw new AshlarError('state-conflict', {
    message: `${path} exists, and an import does not overwrite a file.`,
    suggestion: 'Import into a new file.',
  });
};

const recognise = async ({
  path,
  key,
}: ImportSource): Promise<{ cipher: Cipher; key: string | undefined }> => {
  const file = openFile(path, false);
  try {
    // playing the journal back would change the source
    if (!file.shared && hasHotJournal(file.path)) throw unfinished(file.path);
    if (key !== undefined) assertEncryptable(file);
    if (key === undefined || isPlain(file.header)) return { cipher: ownCipher, key: undefined };
    assertKey(key);
    const cipher = file.shared ? ownCipher : await recogniseCipher(file.path, key);
    const { version } = cipher ?? ownCipher;
    // derive the key only once, because that is slow
    return { cipher: cipher ?? ownCipher, key: await rawKey(key, file.header, version) };
  } finally {
    file.close();
  }
};

const unfinished = (path: string): AshlarError =>
  new AshlarError('state-conflict', {
    message: `${path} is incomplete: it has a rollback journal of an interrupted write.`,
    suggestion: 'Open it once with the program that wrote it, or import a copy of the file and its journal.',
  });

const keyOf = async (path: string, key: string | undefined): Promise<string | undefined> => {
  if (key === undefined) return undefined;
  const file = openFile(path, false);
  file.close();
  return rawKey(key, file.header);
};

const digestOfFile = async (driver: Driver, path: string, key: string | undefined, cipher: Cipher) => {
  const file = openFile(path, false);
  const raw = key === undefined ? undefined : await rawKey(key, file.header, cipher.version);
  try {
    const database = openBare(driver, { path: file.path, key: raw, cipher }, 'read');
    try {
      return digestOf(database);
    } finally {
      database.close();
    }
  } catch (error) {
    throw await openFailure(error, file, triedKey(key, raw));
  } finally {
    file.close();
  }
};
