import Sqlite from 'better-sqlite3-multiple-ciphers';
import { cipherSettings } from '../../../src/engines/sqlite/driver/connect.js';

/** A database file. */
interface File {
  readonly url: string;
  /** The raw key in hex; `undefined` for a plain file. */
  readonly key?: string | undefined;
}

/** Opens the file of a database as another program does, which has its key. Close it. */
export const openedOutside = ({ url, key }: File, options?: Sqlite.Options): Sqlite.Database => {
  const database = new Sqlite(url.replace(/^\w+:/, ''), options);
  if (key !== undefined) {
    for (const setting of cipherSettings) database.pragma(setting);
    (database as unknown as { key(secret: Buffer): void }).key(Buffer.from(`x'${key}'`));
  }
  return database;
};

/** Calls `work` with the file of a database, whose sqlite_schema it may write. */
export const writingSchema = <T>(file: File, work: (database: Sqlite.Database) => T): T => {
  const database = openedOutside(file);
  try {
    database.unsafeMode(true);
    database.pragma('writable_schema = ON');
    return work(database);
  } finally {
    database.close();
  }
};
