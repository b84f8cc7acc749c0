import type { Copies } from '../contract/copies.js';
import type { SqlDialect } from '../contract/dialect.js';
import type { Engine } from '../contract/engine.js';
import type { OpenOptions } from '../contract/open-options.js';
import type { SqlName } from '../contract/sql.js';
import type { TestDatabases } from '../contract/test-databases.js';
import type { WholeFile } from '../contract/whole-file.js';
import { AshlarError } from '../errors.js';
import { percentDecoded } from '../settings/percent.js';

type Opener = (options: OpenOptions, rest: string) => Promise<Engine>;

// drivers are optional peer dependencies: each engine is imported when a URL first needs it
const openers: Readonly<Record<string, Opener>> = {
  sqlite: async (options, path) => (await import('./sqlite/engine.js')).openSqlite(options, false, path),
  sqlcipher: async (options, path) => (await import('./sqlite/engine.js')).openSqlite(options, true, path),
  pglite: async (options, directory) =>
    (await import('./postgres/pglite/open.js')).openPglite(
      options,
      directory === 'memory' ? undefined : directory,
    ),
  postgres: async (options) => (await import('./postgres/server/open.js')).openPostgres(options),
  postgresql: async (options) => (await import('./postgres/server/open.js')).openPostgres(options),
};

/**
 * Opens the database at a URL: `sqlite:PATH`, `sqlcipher:PATH`, `pglite:DIR`, `pglite:memory` or `postgres://…`.
 *
 * @throws AshlarError `url-invalid`, `driver-missing`, `key-wrong`, `key-missing`, `database-not-encrypted`,
 *   `cipher-version`, `not-a-database`, `directory-missing`, `filesystem-unsafe`, `database-locked`, `connection-refused`, `authentication-failed`,
 *   `database-missing`, `server-too-old`, `pooler-unfit`
 */
export async function openEngine(options: OpenOptions): Promise<Engine> {
  const { scheme, rest } = partsOf(options.url);
  const open = openers[scheme];
  if (!open || rest === '') throw noEngine(scheme);
  return open(options, rest);
}

const partsOf = (url: string): { scheme: string; rest: string } => {
  const [, scheme = '', rest = ''] = /^([a-z]+):(.*)$/s.exec(url) ?? [];
  return { scheme, rest };
};

/**
 * Returns the operations on the whole database file at a URL: importing a file into it, finding its key, changing its
 * key.
 *
 * @throws AshlarError `usage` when the database is not a single file
 */
export async function wholeFileAt(url: string): Promise<WholeFile> {
  const { scheme, rest } = partsOf(url);
  if ((scheme === 'sqlite' || scheme === 'sqlcipher') && rest !== '' && rest !== ':memory:')
    return (await import('./sqlite/file/whole-file.js')).wholeFile(rest, scheme === 'sqlcipher');
  throw new AshlarError('usage', {
    message: 'This command needs a database in a single file.',
    detail: 'PostgreSQL servers and PGlite folders are not single files; Ashlar does not encrypt them.',
    suggestion: 'Use a URL of the form sqlcipher:PATH or sqlite:PATH.',
  });
}

const noEngine = (scheme: string): AshlarError =>
  new AshlarError('url-invalid', {
    message: scheme ? `Unknown database URL scheme "${scheme}:".` : 'The database URL has no scheme.',
    suggestion:
      'Use sqlite:PATH, sqlcipher:PATH, pglite:DIR, pglite:memory or postgres://USER@HOST/DATABASE.',
  });

const sqliteCopies = async () => (await import('./sqlite/copies/copies.js')).sqliteCopies;
const pgliteCopies = async () => (await import('./postgres/pglite/copies.js')).pgliteCopies;
const postgresCopies = async () => (await import('./postgres/server/copies.js')).postgresCopies;

const copies: Readonly<Record<string, () => Promise<Copies>>> = {
  sqlite: sqliteCopies,
  sqlcipher: sqliteCopies,
  pglite: pgliteCopies,
  postgres: postgresCopies,
  postgresql: postgresCopies,
};

/**
 * Returns the functions with which the engine of a URL restores and inspects copies of databases.
 *
 * @throws AshlarError `url-invalid`, `driver-missing`
 */
export async function copiesOf(url: string): Promise<Copies> {
  const { scheme, rest } = partsOf(url);
  const load = copies[scheme];
  if (!load || rest === '') throw noEngine(scheme);
  return load();
}

const testDatabases: Readonly<Record<string, () => Promise<TestDatabases>>> = {
  sqlite: async () => (await import('./sqlite/file/test-databases.js')).sqliteTestDatabases,
  sqlcipher: async () => (await import('./sqlite/file/test-databases.js')).sqlcipherTestDatabases,
  pglite: async () => (await import('./postgres/pglite/test-databases.js')).pgliteTestDatabases,
  postgres: async () => (await import('./postgres/server/test-databases.js')).postgresTestDatabases,
  postgresql: async () => (await import('./postgres/server/test-databases.js')).postgresTestDatabases,
};

/**
 * Returns what creates test databases on an engine.
 *
 * @param url - `sqlite`, `sqlcipher`, `pglite`, or the URL of a PostgreSQL server
 * @throws AshlarError `url-invalid`, `driver-missing`
 */
export async function testDatabasesOf(url: string): Promise<TestDatabases> {
  const { scheme, rest } = partsOf(url);
  const isServer = scheme.startsWith('postgres') && rest !== '';
  const load = testDatabases[isServer ? scheme : url];
  if (load && isServer === url.startsWith('postgres')) return load();
  throw new AshlarError('url-invalid', {
    message: 'This URL names no engine for a test database.',
    detail: 'A test database is always a new one, so files and folders are not given.',
    suggestion:
      "Use 'sqlite', 'sqlcipher', 'pglite', or the URL of a PostgreSQL server: postgres://USER@HOST.",
  });
}

/** Returns the decoded user and password of a URL; `undefined` if the URL names no user or its engine has no users. */
export function loginOf(url: string): { user: string; password: string | undefined } | undefined {
  if (!/^postgres(ql)?:/.test(url) || !URL.canParse(url)) return undefined;
  const { username, password, searchParams } = new URL(url);
  // a URL that cannot be decoded is refused where it is opened
  const user = (percentDecoded(username) ?? username) || searchParams.get('user');
  const secret = (percentDecoded(password) ?? password) || searchParams.get('password');
  return user ? { user, password: secret ?? undefined } : undefined;
}

/**
 * The SQL dialects by name, for work that needs no database: generating and comparing migrations. Each is imported on
 * use.
 */
export const dialects: Readonly<Record<SqlName, () => Promise<SqlDialect>>> = {
  sqlite: async () => (await import('./sqlite/dialect.js')).sqliteDialect,
  postgres: async () => (await import('./postgres/dialect.js')).postgresDialect,
};
