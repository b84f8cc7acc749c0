import { statSync } from 'node:fs';
import type { Imported, ImportSource } from '../../../contract/whole-file.js';
import { AshlarError } from '../../../errors.js';
import { type Driver, loadDriver } from '../driver/driver.js';
import { openBare } from './bare.js';
import { contentOf } from './content.js';
import { passingName, removeFile, removeLeftovers, replaceFile } from './durable.js';
import { locate, openFile } from './file.js';
import { assertKey, rawKey } from './key.js';
import { assertEncryptable, hasHotJournal, isPlain, openFailure, triedKey } from './open-failure.js';
import { recogniseCipher } from './page-authentication.js';
import { rewriteUnderKey } from './rewrite.js';
import { type Cipher, ownCipher } from './sqlcipher.js';
import { verified } from './verified.js';

/**
 * Makes a database of a plain SQLite file, or of a SQLCipher file of any version. The source is only read, its
 * write-ahead log included. Written under a passing name, read back and compared, then put in place: killed at any
 * moment, there is the whole database or none.
 *
 * @param target - the file, which must not be there, or be empty; and its key, where it is to be encrypted
 * @throws AshlarError `state-conflict` where the target holds something, or the source was written to meanwhile or not
 *   finished; what {@link rewriteUnderKey} throws
 */
export async function importFile(
  target: { readonly path: string; readonly encrypted: boolean; readonly key: string | undefined },
  source: ImportSource,
): Promise<Imported> {
  const to = { path: target.path, key: target.encrypted ? target.key : undefined };
  // a malformed key is no reason to leave anything behind
  if (target.encrypted) assertKey(target.key);
  const path = locate(to.path);
  assertNothingIn(path);
  const driver = await loadDriver();
  const { cipher, key } = await recognise(source);
  removeLeftovers(path, 'import');
  const fresh = passingName(path, 'import');
  try {
    await rewriteUnderKey({ path: source.path, key, cipher }, { path: fresh, key: to.key });
    const expected = await contentOfFile(driver, source.path, key, cipher);
    const content = verified(driver, { path: fresh, key: await keyOf(fresh, to.key) }, expected);
    assertNothingIn(path);
    replaceFile(fresh, path);
    return { path, source: key === undefined ? 'SQLite' : `SQLCipher ${cipher.version}`, ...content };
  } finally {
    removeFile(fresh);
  }
}

const assertNothingIn = (path: string): void => {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found || (found.isFile() && found.size === 0)) return;
  throw new AshlarError('state-conflict', {
    message: `${path} exists, and an import writes over nothing.`,
    suggestion: 'Import into a new file.',
  });
};

const recognise = async ({
  path,
  key,
}: ImportSource): Promise<{ cipher: Cipher; key: string | undefined }> => {
  const file = openFile(path, false);
  try {
    // playing it back would change the source
    if (!file.shared && hasHotJournal(file.path)) throw unfinished(file.path);
    if (key !== undefined) assertEncryptable(file);
    if (key === undefined || isPlain(file.header)) return { cipher: ownCipher, key: undefined };
    assertKey(key);
    const cipher = file.shared ? ownCipher : await recogniseCipher(file.path, key);
    const { version } = cipher ?? ownCipher;
    // stretched once, for all that follows
    return { cipher: cipher ?? ownCipher, key: await rawKey(key, file.header, version) };
  } finally {
    file.close();
  }
};

const unfinished = (path: string): AshlarError =>
  new AshlarError('state-conflict', {
    message: `${path} was left in the middle of a write: its rollback journal stands beside it.`,
    suggestion: 'Open it once with the program that wrote it, or import a copy of both files.',
  });

const keyOf = async (path: string, key: string | undefined): Promise<string | undefined> => {
  if (key === undefined) return undefined;
  const file = openFile(path, false);
  file.close();
  return rawKey(key, file.header);
};

const contentOfFile = async (driver: Driver, path: string, key: string | undefined, cipher: Cipher) => {
  const file = openFile(path, false);
  const raw = key === undefined ? undefined : await rawKey(key, file.header, cipher.version);
  try {
    const database = openBare(driver, { path: file.path, key: raw, cipher }, 'read');
    try {
      return contentOf(database);
    } finally {
      database.close();
    }
  } catch (error) {
    throw await openFailure(error, file, triedKey(key, raw));
  } finally {
    file.close();
  }
};
