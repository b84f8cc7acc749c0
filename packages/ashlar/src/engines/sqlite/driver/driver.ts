import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type Sqlite from 'better-sqlite3-multiple-ciphers';
import { AshlarError } from '../../../errors.js';

/** A database that the driver has opened. */
export type DriverDatabase = Sqlite.Database;
/** A prepared statement of the driver; its rows are objects. */
export type DriverStatement = Sqlite.Statement<unknown[], Record<string, unknown>>;
/** A prepared statement of the driver whose rows are lists of values, in the order of the columns. */
export type DriverListStatement = Sqlite.Statement<unknown[], unknown[]>;
/** A column of a result: its name, and the table and column that its values come from. */
export type DriverColumn = ReturnType<DriverStatement['columns']>[number];

/** The loaded SQLite driver, with the version of SQLite that is bundled with it. */
export interface Driver {
  readonly Database: new (pathOrImage: string | Buffer, options?: Sqlite.Options) => DriverDatabase;
  readonly version: string;
  /** The path of the driver's module, which worker threads load. */
  readonly path: string;
}

const packageName = 'better-sqlite3-multiple-ciphers';

// 3.7.0 to 3.51.2: the WAL-reset bug · 3.52.0: withdrawn · 3.53.3: super-journal rollback
const oldestSound = [3, 51, 3] as const;
const unsound = new Set(['3.52.0', '3.53.3']);

/** Whether a version of SQLite has no known bug that corrupts databases. */
export function isSound(version: string): boolean {
  const parts = version.split('.').map(Number);
  for (const [i, least] of oldestSound.entries()) {
    const part = parts[i] ?? 0;
    if (part !== least) return part > least && !unsound.has(version);
  }
  return true;
}

let loaded: Promise<Driver> | undefined;

/**
 * Loads the driver once, when a database is first opened.
 *
 * @throws AshlarError `driver-missing`, `driver-unfit`
 */
export function loadDriver(): Promise<Driver> {
  loaded ??= load();
  return loaded;
}

const load = async (): Promise<Driver> => {
  const { Database, path } = await importDriver();
  const version = bundledVersion(Database);
  if (!isSound(version)) {
    throw new AshlarError('driver-unfit', {
      message: `SQLite ${version}, which ${packageName} contains, can corrupt databases.`,
      detail: 'Versions without a known corruption bug: 3.51.3 and later, except 3.52.0 and 3.53.3.',
      suggestion: `Install another version: npm install ${packageName}@latest`,
    });
  }
  return { Database, version, path };
};

/**
 * The version of SQLite that a driver contains.
 *
 * @throws AshlarError `driver-unfit` if the driver is installed, but its compiled part is absent or cannot be loaded
 */
export function bundledVersion(Database: Driver['Database']): string {
  try {
    const probe = new Database(':memory:');
    const { version } = probe.prepare('SELECT sqlite_version() AS version').get() as { version: string };
    probe.close();
    return version;
  } catch (cause) {
    throw new AshlarError('driver-unfit', {
      message: `${packageName} is installed, but its compiled part cannot be loaded.`,
      detail:
        'The install script did not run (npm install --ignore-scripts, or a package manager that asks first), or it ran ' +
        'for another version of Node or another system.',
      suggestion: `npm rebuild ${packageName}`,
      cause,
    });
  }
}

type DriverModule = Pick<Driver, 'Database' | 'path'>;

/**
 * Imports the driver, resolved from the module at `from`, after checking that this version of Node can load it.
 *
 * @param from - the URL of the importing module; the package is resolved from its folder upwards
 * @throws AshlarError `driver-missing`, `driver-unfit`
 */
export async function importDriver(from: string = import.meta.url): Promise<DriverModule> {
  const path = resolveDriver(from);
  await assertLoadable(path);
  try {
    const { default: Database } = (await import(pathToFileURL(path).href)) as {
      default: Driver['Database'];
    };
    return { Database, path };
  } catch (cause) {
    throw driverMissing(cause);
  }
}

const resolveDriver = (from: string): string => {
  try {
    return createRequire(from).resolve(packageName);
  } catch (cause) {
    throw driverMissing(cause);
  }
};

const driverMissing = (cause: unknown): AshlarError =>
  new AshlarError('driver-missing', {
    message: `SQLite needs the package ${packageName}, which cannot be loaded.`,
    detail: 'Drivers are optional dependencies: install those of the engines that you use.',
    suggestion: `npm install ${packageName}`,
    cause,
  });

// Version 13 is built for Node-API 10. A Node with an older one (20, 22.0 to 22.13) ends with a segmentation fault when
// it opens a database, which no handler can turn into an error.
const firstWithNodeApi10 = 13;

const assertLoadable = async (path: string): Promise<void> => {
  const version = await versionOf(path);
  if (version === undefined || Number.parseInt(version, 10) < firstWithNodeApi10) return;
  if (Number(process.versions.napi) >= 10) return;
  throw new AshlarError('driver-unfit', {
    message: `${packageName} ${version} does not run on Node ${process.versions.node}.`,
    detail:
      'Version 13 needs Node 22.14 or later (Node-API 10); an older Node crashes when it opens a database.',
    suggestion: `Install version 12: npm install ${packageName}@12. Or run Node 22.14 or later.`,
  });
};

/** The version in the package.json of the package that a module belongs to. */
const versionOf = async (path: string): Promise<string | undefined> => {
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}');
    const { name, version } = JSON.parse(text) as { name?: string; version?: string };
    if (name === packageName) return version;
  }
  return undefined;
};
