import type { Driver, DriverDatabase } from '../driver/driver.js';
import { type Cipher, ownCipher } from './sqlcipher.js';

/** A file to look at, as it is. */
export interface BareFile {
  readonly path: string;
  /** `x'KEYSALT'`; `undefined` for a plain file. */
  readonly key: string | undefined;
  readonly cipher?: Cipher | undefined;
}

const cacheKibibytes = 65_536;

/**
 * A connection for a look at a whole file or for taking it over: keyed, but set up for no session. Throws what the
 * driver throws.
 */
export function openBare(driver: Driver, file: BareFile, mode: 'read' | 'write'): DriverDatabase {
  const { path, key, cipher = ownCipher } = file;
  const database = new driver.Database(path, mode === 'read' ? { readonly: true } : { fileMustExist: true });
  try {
    database.pragma('temp_store = MEMORY');
    if (key !== undefined) setKey(database, key, cipher);
    // reads the file, so the key comes first
    database.pragma(`cache_size = -${cacheKibibytes}`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Hands a key over as bytes: as SQL text it would reach logs. */
export function setKey(database: DriverDatabase, key: string, cipher: Cipher = ownCipher): void {
  setCipher(database, cipher);
  const secret = Buffer.from(key);
  database.key(secret);
  secret.fill(0);
}

/** Says how what is keyed or attached next is encrypted. */
export function setCipher(database: DriverDatabase, { version, pageBytes }: Cipher): void {
  database.pragma("cipher = 'sqlcipher'");
  database.pragma(`legacy = ${version}`);
  if (pageBytes !== ownCipher.pageBytes || version !== ownCipher.version)
    database.pragma(`legacy_page_size = ${pageBytes}`);
}
