import { AshlarError } from '../../../errors.js';
import type { Report } from '../../report.js';
import type { FilePlace } from '../file/place.js';
import { defineFunctions } from '../query/functions.js';
import type { ScopedTables } from '../scope/scoped-tables.js';
import type { SystemTables } from '../scope/system-tables.js';
import type { TouchedTables } from '../touched/touched-tables.js';
import { Connection } from './connection.js';
import type { Driver, DriverDatabase } from './driver.js';
import type { Failures } from './failures.js';
import type { Origins } from './row-decoder.js';

/** The settings that all connections to one database share. */
export interface ConnectionSettings {
  readonly driver: Driver;
  /** The absolute path of the database file, or `:memory:`. */
  readonly path: string;
  /** The place of the file: a connection to another file that has taken its path would damage that file. */
  readonly place: FilePlace;
  /** The initial content of a database in memory: the bytes of a plain file that is not in WAL mode. */
  readonly image?: Buffer | undefined;
  /** The raw key in hex, followed by the salt if it is known, as `x'…'`; `undefined` for a plain file. */
  readonly key: string | undefined;
  readonly durability: 'full' | 'normal';
  /** Whether the file stays as it is, in its journal mode. Default false. */
  readonly onlyReads?: boolean | undefined;
  readonly origins: Origins;
  readonly failures: Failures;
  readonly tables: SystemTables;
  readonly scoped: ScopedTables;
  readonly touched: TouchedTables;
  readonly report: Report | undefined;
}

// how long SQLite itself waits for a lock, which blocks this thread; longer waits do not block it
const blockingMilliseconds = 20;
const pageCacheKibibytes = { writer: 65_536, reader: 16_384 } as const;
const synchronous = { normal: 1, full: 2 } as const;

/**
 * Opens a connection, sets its key, checks the key by reading from the file, and then applies the settings.
 *
 * @throws the driver's errors; AshlarError `driver-unfit` when SQLite does not accept a setting; `connection-lost` when
 *   the path leads to another file than before
 */
export function connect(settings: ConnectionSettings, role: 'writer' | 'reader'): Connection {
  settings.place.assertFile();
  const database = new settings.driver.Database(settings.image ?? settings.path, {
    fileMustExist: settings.path !== ':memory:',
    timeout: blockingMilliseconds,
  });
  try {
    // before the first read, which applies the log that is found by its name
    settings.place.assertFile();
    if (settings.key !== undefined) unlock(database, settings.key);
    // a wrong key fails on the first read
    database.prepare('SELECT count(*) FROM sqlite_master').get();
    applySettings(database, settings, role);
    defineFunctions(database);
  } catch (error) {
    database.close();
    throw error;
  }
  return new Connection(database, settings);
}

/** The pragmas that select the SQLCipher 4 format; a connection must run them before it sets its key. */
export const cipherSettings = ["cipher = 'sqlcipher'", 'legacy = 4'] as const;

const unlock = (database: DriverDatabase, key: string): void => {
  for (const setting of cipherSettings) database.pragma(setting);
  const secret = Buffer.from(key);
  // passed as bytes: in SQL text the key could reach logs
  database.key(secret);
  secret.fill(0);
};

const applySettings = (
  database: DriverDatabase,
  settings: ConnectionSettings,
  role: 'writer' | 'reader',
): void => {
  const inMemory = settings.path === ':memory:';
  if (role === 'writer' && !settings.onlyReads) database.pragma('journal_mode = WAL');
  const pragmas: Readonly<Record<string, number>> = {
    synchronous: synchronous[settings.durability],
    foreign_keys: 1,
    // without it, INSERT OR REPLACE does not run delete triggers
    recursive_triggers: 1,
    trusted_schema: 0,
    cell_size_check: 1,
    // temporary files would hold plaintext
    temp_store: 2,
    cache_size: -pageCacheKibibytes[role],
    query_only: role === 'reader' || settings.onlyReads ? 1 : 0,
  };
  database.pragma('mmap_size = 0');
  for (const [name, value] of Object.entries(pragmas)) {
    database.pragma(`${name} = ${value}`);
    assertSet(name, value, database.pragma(name, { simple: true }));
  }
  if (settings.onlyReads) return;
  assertSet('journal_mode', inMemory ? 'memory' : 'wal', database.pragma('journal_mode', { simple: true }));
};

const assertSet = (name: string, expected: string | number, actual: unknown): void => {
  if (actual === expected) return;
  throw new AshlarError('driver-unfit', {
    message: `SQLite does not accept the setting ${name} = ${expected}.`,
    detail: `After it was set, the value is ${String(actual)}.`,
    suggestion: 'Install a published version of better-sqlite3-multiple-ciphers.',
  });
};
