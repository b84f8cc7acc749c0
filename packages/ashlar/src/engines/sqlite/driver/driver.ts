import { createRequire } from 'node:module';
import type Sqlite from 'better-sqlite3-multiple-ciphers';
import { AshlarError } from '../../../errors.js';

/** An open database of the driver. */
export type DriverDatabase = Sqlite.Database;
/** A prepared statement of the driver, its rows as objects. */
export type DriverStatement = Sqlite.Statement<unknown[], Record<string, unknown>>;
/** Where a result column comes from. */
export type DriverColumn = ReturnType<DriverStatement['columns']>[number];

/** The driver, and the SQLite that is bundled with it. */
export interface Driver {
  readonly Database: new (pathOrImage: string | Buffer, options?: Sqlite.Options) => DriverDatabase;
  readonly version: string;
  /** Where its module is, for a thread to load it. */
  readonly path: string;
}

const packageName = 'better-sqlite3-multiple-ciphers';

// 3.7.0 to 3.51.2: the WAL-reset bug · 3.52.0: withdrawn · 3.53.3: super-journal rollback
const oldestSound = [3, 51, 3] as const;
const unsound = new Set(['3.52.0', '3.53.3']);

/** Whether a version of SQLite has no known bug that corrupts databases. */
export const isSound = (version: string): boolean => {
  const parts = version.split('.').map(Number);
  for (const [i, least] of oldestSound.entries()) {
    const part = parts[i] ?? 0;
    if (part !== least) return part > least && !unsound.has(version);
  }
  return true;
};

let loaded: Promise<Driver> | undefined;

/**
 * Loads the driver once, when a database is first opened.
 *
 * @throws AshlarError `driver-missing`, `driver-unfit`
 */
export const loadDriver = (): Promise<Driver> => {
  loaded ??= load();
  return loaded;
};

const load = async (): Promise<Driver> => {
  const Database = await importDriver();
  const probe = new Database(':memory:');
  const { version } = probe.prepare('SELECT sqlite_version() AS version').get() as { version: string };
  probe.close();
  if (!isSound(version)) {
    throw new AshlarError('driver-unfit', {
      message: `The SQLite ${version} in ${packageName} can corrupt databases.`,
      detail: 'Sound are 3.51.3 and later, without 3.52.0 and 3.53.3.',
      suggestion: `Install another version: npm install ${packageName}@latest`,
    });
  }
  return { Database, version, path: createRequire(import.meta.url).resolve(packageName) };
};

const importDriver = async (): Promise<Driver['Database']> => {
  try {
    return (await import('better-sqlite3-multiple-ciphers')).default;
  } catch (cause) {
    throw new AshlarError('driver-missing', {
      message: `SQLite needs the package ${packageName}, which cannot be loaded.`,
      detail: 'Drivers are optional: each is installed only where its engine is used.',
      suggestion: `npm install ${packageName}`,
      cause,
    });
  }
};
