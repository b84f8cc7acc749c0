import type { OpenOptions } from '../contract/open-options.js';
import type { FoundKey, Imported, ImportSource, KeyRotation } from '../contract/whole-file.js';
import { wholeFileAt } from '../engines/open.js';
import { AshlarError } from '../errors.js';

const notEncrypted = (): AshlarError =>
  new AshlarError('usage', {
    message: 'Only a SQLCipher database file has a key.',
    suggestion: 'Import the database into an encrypted file: `ashlar import FILE --to sqlcipher:NEW.db`',
  });

/**
 * Re-encrypts a database file with a new key. Writes a new file next to it, reads it back, compares both, and renames
 * it. After a kill at any point the file opens with exactly one of the two keys; {@link findDatabaseKey} finds which.
 * No process may have the file open. Needs as much disk space again, and about 3 s for 100 MB, during which this
 * process is blocked. Backups keep their key.
 *
 * @param newKey - a passphrase, or 64 hex digits
 * @throws AshlarError `database-locked` if the file is open, `key-wrong`, `key-missing`, `key-invalid`,
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
 * Finds which of several keys decrypts a database file; returns `undefined` if none does.
 *
 * @param keys - keys by any names
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
 * Creates a new database file from an unencrypted SQLite file, or from a SQLCipher file of version 1 to 4. The source
 * is only read. Row counts and a digest of both files are compared before the new one gets its name. Record the
 * systems in it with {@link stamp}.
 *
 * @param to - `sqlcipher:PATH` with its key, or `sqlite:PATH`: a file that does not exist, or is empty
 * @throws AshlarError `state-conflict` if the target is not empty, or the source was being written; `key-wrong`,
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
