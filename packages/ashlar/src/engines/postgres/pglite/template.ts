import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PGlite } from '@electric-sql/pglite';
import { AshlarError } from '../../../errors.js';
import { cacheFolder } from '../../../files/cache.js';
import { writeAtomically } from '../../../files/write.js';
import { valueSettings } from '../wire/session-settings.js';
import { isDirectoryLock } from './directory-lock.js';
import { installedVersion } from './version.js';

const loadDriver = async () => {
  try {
    return await import('@electric-sql/pglite');
  } catch (cause) {
    throw new AshlarError('driver-missing', {
      message: 'The embedded PostgreSQL is not installed.',
      suggestion: 'Install it: npm install @electric-sql/pglite',
      cause,
    });
  }
};

const templateFile = (version: string): string => join(cacheFolder(), `pglite-${version}.tar`);

let template: Promise<Blob> | undefined;

const makeTemplate = async (file: string): Promise<Blob> => {
  const { PGlite } = await loadDriver();
  const fresh = await PGlite.create();
  const made = await fresh.dumpDataDir('none');
  await fresh.close();
  // several processes may make it at once: each writes its own, and the last rename wins
  const bytes = new Uint8Array(await made.arrayBuffer());
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    .then(() => writeAtomically(file, bytes))
    // without a cache the next process is only slower
    .catch(() => undefined);
  return made;
};

/**
 * The bytes of a tar as PGlite takes them. A plain Blob copies its 40 MB for each database that is created from it.
 * PGlite only reads them: it copies each file's bytes into its own memory or folder.
 */
class TarFile extends Blob {
  readonly #bytes: Uint8Array<ArrayBuffer>;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    super([bytes]);
    this.#bytes = bytes;
  }

  override async arrayBuffer(): Promise<ArrayBuffer> {
    const { buffer, byteLength } = this.#bytes;
    return buffer.byteLength === byteLength ? buffer : super.arrayBuffer();
  }
}

const readTemplate = async (version: string): Promise<Blob> => {
  const file = templateFile(version);
  const kept = await readFile(file).catch(() => undefined);
  return kept ? new TarFile(kept) : makeTemplate(file);
};

type Driver = Awaited<ReturnType<typeof loadDriver>>['PGlite'];

/** Where the data is; without a folder it is in memory. */
interface DataPlace {
  readonly dataDir?: string;
  /** The schemas in which names are looked for. */
  readonly path: readonly string[];
}

/** The path of a database that no guard is on. */
export const usualPath: readonly string[] = ['public'];

// The data is in memory already: more buffers would only copy it. To clear the usual 128 MB is a quarter of the start.
const buffersInMemory = ['shared_buffers', '16MB'] as const;

// given as the server's own arguments, so that RESET returns to them
const startParams = (driver: Driver, { dataDir, path }: DataPlace): string[] => [
  ...driver.defaultStartParams,
  ...[...valueSettings(path), ...(dataDir === undefined ? [buffersInMemory] : [])].flatMap(
    ([name, value]) => ['-c', `${name}=${value}`],
  ),
];

const fromTar = async (content: Blob, place: DataPlace): Promise<PGlite> => {
  const { PGlite } = await loadDriver();
  return PGlite.create({ ...folderOf(place), startParams: startParams(PGlite, place), loadDataDir: content });
};

const folderOf = ({ dataDir }: DataPlace): { dataDir?: string } => (dataDir === undefined ? {} : { dataDir });

const templateOf = (version: string): Promise<Blob> => {
  template ??= readTemplate(version);
  return template;
};

/** Returns the tar of a new, empty data folder of the installed PGlite version. @throws AshlarError `driver-missing` */
export async function freshTar(): Promise<Blob> {
  await loadDriver();
  return templateOf(await installedVersion());
}

/** The name of the file that marks a data folder as unfinished while the template is being copied into it. */
export const unfinished = 'ashlar.unfinished';

const openDirectory = async (
  directory: string,
  { create, path }: { readonly create: boolean; readonly path: readonly string[] },
  content: () => Promise<Blob>,
): Promise<PGlite> => {
  const mark = join(directory, unfinished);
  const place = { dataDir: directory, path };
  if (existsSync(mark) && create) {
    // a process died while it copied the template: there is no data yet
    for (const name of await readdir(directory)) {
      if (name !== unfinished && !isDirectoryLock(name)) await rm(join(directory, name), { recursive: true });
    }
  } else if (existsSync(join(directory, 'PG_VERSION'))) {
    const { PGlite } = await loadDriver();
    return PGlite.create({ dataDir: directory, startParams: startParams(PGlite, place) });
  } else if ((await readdir(directory)).some((name) => !isDirectoryLock(name) && name !== unfinished)) {
    // a cluster that lost its PG_VERSION looks like this too, and must not be overwritten
    throw new AshlarError('database-corrupt', {
      message: `The folder ${directory} has files, but no database.`,
      detail: 'The file PG_VERSION, which every PGlite database has, is missing. Nothing was changed.',
      suggestion: 'Choose an empty folder, or restore the database that was here.',
    });
  } else if (!create) {
    throw new AshlarError('database-missing', {
      message: `There is no database in ${directory}.`,
      suggestion: 'Check the path, or create the database with `ashlar up`.',
    });
  }
  await writeFile(mark, '');
  const database = await fromTar(await content(), place);
  await rm(mark);
  return database;
};

/** An open PGlite database, the version of PGlite, and the schemas in which names are looked for. */
export interface CreatedPglite {
  readonly database: PGlite;
  readonly version: string;
  readonly path: readonly string[];
}

/** How a database is created or opened. */
export interface CreateOptions {
  /** Whether to create a missing database. Default true. */
  readonly create?: boolean;
  /** The tar of a data folder, instead of the template. */
  readonly content?: Blob | undefined;
  /** The schemas in which names are looked for. Default `public`. */
  readonly path?: readonly string[];
}

/**
 * Creates or opens a PGlite database. Because initdb takes seconds, a new cluster is a copy of a cached template, one
 * for each version of PGlite.
 *
 * @param directory - the data folder; `undefined` for memory
 * @throws AshlarError `driver-missing`, `database-missing`, `database-corrupt`
 */
export async function createPglite(
  directory: string | undefined,
  { create = true, content, path = usualPath }: CreateOptions = {},
): Promise<CreatedPglite> {
  await loadDriver();
  const version = await installedVersion();
  const begin = async (): Promise<Blob> => content ?? templateOf(version);
  const database = await (directory === undefined
    ? fromTar(await begin(), { path })
    : openDirectory(directory, { create, path }, begin));
  return { database, version, path };
}
