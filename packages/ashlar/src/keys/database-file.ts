import type { OpenOptions } from '../contract/open-options.js';
import type { FoundKey, Imported, ImportSource, KeyRotation } from '../contract/whole-file.js';
import { wholeFileAt } from '../engines/open.js';
import { AshlarError } from '../errors.js';

const notEncrypted = (): AshlarError =>
  new AshlarError('usage', {
    message: 'The database has no key: it is not encrypted.',
    suggestion: 'Import it into an encrypted file: ashlar import FILE --to sqlcipher:NEW.db',
  });

/**
 * Puts an encrypted database file under another key. It is written anew beside itself, read back, compared, and put in
 * place by one rename: killed at any moment, the file opens with exactly one of the two keys, and {@link findDatabaseKey}
 * says with which. Nobody may have it open meanwhile. It takes as much room on the disk again, and about 3 s for 100 MB, in
 * which this process does nothing else. Backups keep the key that they were made under.
 *
 * @param newKey - a passphrase, or 64 hex digits
 * @throws AshlarError `database-locked` where somebody has the file open, `key-wrong`, `key-missing`, `key-invalid`,
 *   `database-missing`, `database-not-encrypted`, `database-corrupt`, `disk-full`; `usage` for a database without a key
 *
 * @example
 * await rotateDatabaseKey({ url: 'sqlcipher:data/app.db', key: oldKey }, newKey);
 */
export async function rotateDatabaseKey(
  options: Pick<OpenOptions, 'url' | 'key' | 'lockTimeout'>,
  newKey: string,
): Promise<KeyRotation> {
  const { rotateKey } = await wholeFileAt(options.url);
  if (!rotateKey) throw notEncrypted();
  return rotateKey(options, newKey);
}

/**
 * Which of several keys opens an encrypted database file; `undefined` when none does.
 *
 * @param keys - by names of your own
 * @throws AshlarError `key-invalid`, `database-missing`, `database-not-encrypted`; `usage` for a database without a key
 */
export async function findDatabaseKey(
  url: string,
  keys: Readonly<Record<string, string>>,
): Promise<FoundKey | undefined> {
  const { findKey } = await wholeFileAt(url);
  if (!findKey) throw notEncrypted();
  return findKey(keys);
}

/**
 * Makes a database file of a plain SQLite file, or of a SQLCipher file of versions 1 to 4. The source is only read. Row
 * counts and a digest of both are compared before the new file gets its name; what systems are in it is then told with
 * {@link stamp}.
 *
 * @param to - `sqlcipher:PATH` with its key, or `sqlite:PATH`: a file that is not there yet, or is empty
 * @throws AshlarError `state-conflict` where the target holds something, or the source was being written; `key-wrong`,
 *   `key-missing`, `not-a-database`, `database-not-encrypted` for a plain source with a key, `database-corrupt`, `disk-full`
 *
 * @example
 * await importDatabase({ path: 'old.db', key: oldKey }, { url: 'sqlcipher:data/app.db', key });
 */
export async function importDatabase(
  source: ImportSource,
  to: Pick<OpenOptions, 'url' | 'key'>,
): Promise<Imported> {
  return (await wholeFileAt(to.url)).importFrom(to, source);
}
