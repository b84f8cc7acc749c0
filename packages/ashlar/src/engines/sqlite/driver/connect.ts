import { AshlarError } from '../../../errors.js';
import type { ScopedTables } from '../scope/scoped-tables.js';
import { Connection, type Watch } from './connection.js';
import type { Driver, DriverDatabase } from './driver.js';
import type { Origins } from './row-decoder.js';

/** What every connection to one database has in common. */
export interface Target {
  readonly driver: Driver;
  /** An absolute path, or `:memory:`. */
  readonly path: string;
  /** What a database in memory holds to begin with: the bytes of a plain file that is not in WAL mode. */
  readonly image?: Buffer | undefined;
  /** `x'…'`: the raw key, with the salt where it is known; `undefined` for a plain file. */
  readonly key: string | undefined;
  readonly durability: 'full' | 'normal';
  readonly origins: Origins;
  readonly scoped: ScopedTables;
  readonly watch: Watch | undefined;
}

// how long SQLite itself waits, blocking this process, before we wait without blocking it
const blockingMilliseconds = 20;
const pageCacheKibibytes = { writer: 65_536, reader: 16_384 } as const;
const synchronous = { normal: 1, full: 2 } as const;

/**
 * Opens a connection: keyed first, then proven by a read, then set up, before anything else runs on it.
 * Throws what the driver throws.
 */
export function connect(target: Target, role: 'writer' | 'reader'): Connection {
  const database = new target.driver.Database(target.image ?? target.path, {
    fileMustExist: target.path !== ':memory:',
    timeout: blockingMilliseconds,
  });
  try {
    if (target.key !== undefined) unlock(database, target.key);
    // the first statement that a wrong key fails
    database.prepare('SELECT count(*) FROM sqlite_master').get();
    setUp(database, target, role);
  } catch (error) {
    database.close();
    throw error;
  }
  return new Connection(database, target);
}

/** What a connection must be told before its key. */
export const cipherSettings = ["cipher = 'sqlcipher'", 'legacy = 4'] as const;

const unlock = (database: DriverDatabase, key: string): void => {
  for (const setting of cipherSettings) database.pragma(setting);
  const secret = Buffer.from(key);
  // handed over as bytes: as SQL text the key would reach logs
  database.key(secret);
  secret.fill(0);
};

const setUp = (database: DriverDatabase, target: Target, role: 'writer' | 'reader'): void => {
  const inMemory = target.path === ':memory:';
  if (role === 'writer') database.pragma('journal_mode = WAL');
  const settings: Readonly<Record<string, number>> = {
    synchronous: synchronous[target.durability],
    foreign_keys: 1,
    // INSERT OR REPLACE runs delete triggers only with this
    recursive_triggers: 1,
    trusted_schema: 0,
    cell_size_check: 1,
    // sorts would spill plaintext into temporary files
    temp_store: 2,
    cache_size: -pageCacheKibibytes[role],
    query_only: role === 'reader' ? 1 : 0,
  };
  database.pragma('mmap_size = 0');
  for (const [name, value] of Object.entries(settings)) {
    database.pragma(`${name} = ${value}`);
    assertSet(name, value, database.pragma(name, { simple: true }));
  }
  assertSet('journal_mode', inMemory ? 'memory' : 'wal', database.pragma('journal_mode', { simple: true }));
};

const assertSet = (name: string, expected: string | number, actual: unknown): void => {
  if (actual === expected) return;
  throw new AshlarError('driver-unfit', {
    message: `SQLite does not accept the setting ${name} = ${expected}.`,
    detail: `It is ${String(actual)}.`,
    suggestion: 'Use the driver’s released build.',
  });
};
