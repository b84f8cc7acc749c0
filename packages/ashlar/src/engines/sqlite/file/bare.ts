import type { Driver, DriverDatabase } from '../driver/driver.js';
import { type Cipher, ownCipher } from './sqlcipher.js';

/** A database file that is opened outside sessions, with its key and its encryption format. */
export interface BareFile {
  readonly path: string;
  /** The raw key and the salt in hex, as `x'KEYSALT'`; `undefined` for a plain file. */
  readonly key: string | undefined;
  readonly cipher?: Cipher | undefined;
}

const cacheKibibytes = 65_536;

/**
 * Opens a connection for reading or replacing a whole file. It has the key, but not the settings of a session. Throws the
 * errors of the driver.
 */
export function openBare(driver: Driver, file: BareFile, mode: 'read' | 'write'): DriverDatabase {
  const { path, key, cipher = ownCipher } = file;
  const database = new driver.Database(path, mode === 'read' ? { readonly: true } : { fileMustExist: true });
  try {
    database.pragma('temp_store = MEMORY');
    if (key !== undefined) setKey(database, key, cipher);
    // this reads the file, so the key must be set before
    database.pragma(`cache_size = -${cacheKibibytes}`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Sets the key of a connection as bytes and not in SQL, because SQL text can appear in logs. */
export function setKey(database: DriverDatabase, key: string, cipher: Cipher = ownCipher): void {
  setCipher(database, cipher);
  const secret = Buffer.from(key);
  database.key(secret);
  secret.fill(0);
}

/** Sets the encryption format for the next file that the connection attaches or whose key it sets. */
export function setCipher(database: DriverDatabase, { version, pageBytes }: Cipher): void {
  database.pragma("cipher = 'sqlcipher'");
  database.pragma(`legacy = ${version}`);
  if (pageBytes !== ownCipher.pageBytes || version !== ownCipher.version)
    database.pragma(`legacy_page_size = ${pageBytes}`);
}
