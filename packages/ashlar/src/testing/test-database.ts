import { randomBytes } from 'node:crypto';
import type { Engine } from '../contract/engine.js';
import type { OpenOptions } from '../contract/open-options.js';
import type { Roles } from '../contract/roles.js';
import type { SystemFacts } from '../contract/system.js';
import type { TestPlace } from '../contract/test-databases.js';
import { openEngine, testDatabasesOf } from '../engines/open.js';
import { AshlarError } from '../errors.js';
import { installScopeKey } from '../keys/scope-key.js';
import type { Tables } from '../model/index.js';
import { defaultRoles } from '../roles/names.js';
import { applyRoles } from '../roles/roles.js';
import type { ConnectOptions } from '../session/connect-options.js';
import { Database } from '../session/database.js';
import { loadQueries } from '../session/loaded-queries.js';
import { reveal } from '../settings/index.js';
import { TestClock } from './clock.js';
import { letClockIn, templateOf } from './fill.js';

/** Options of {@link testDatabase}; those of `connect` may be given too. */
export interface TestOptions
  extends Omit<ConnectOptions, 'url' | 'key' | 'clock' | 'context' | 'create' | 'allowOwner' | 'appRole'> {
  /**
   * The engine: `sqlite` (default), `sqlcipher`, `pglite`, or the URL of a PostgreSQL server with a user that may create
   * databases: `postgres://postgres:secret@localhost`. `?schema=NAME` in it chooses the schema.
   */
  readonly url?: 'sqlite' | 'sqlcipher' | 'pglite' | (string & {}) | undefined;
  /**
   * The time at which `db.clock` stands at the beginning. Default: the database's own clock. With a clock, the
   * application's role may set the times of new rows on PostgreSQL too, which guarantees otherwise withhold. The clock
   * gives the times of methods and of queries that were built; an INSERT of raw SQL gets those of the database.
   */
  readonly clock?: Date | string | undefined;
  /** The actor of sessions that are given none. */
  readonly actor?: string | null | undefined;
  /** The scope of sessions that are given none. */
  readonly scope?: string | null | undefined;
  /**
   * `one`: the owner connects, and its sessions step down to the application's role. `two`, on a PostgreSQL server: the
   * application connects as a user of its own, as in production; the user lives as long as the database. Default `one`.
   */
  readonly roles?: 'one' | 'two' | undefined;
}

/** A database that belongs to one test. */
export type TestDatabase<T extends Tables = Tables> = Database<T> & TestParts;

/** What a test database has besides the methods of a database. */
export interface TestParts {
  /** The clock that gives the times of new rows, if one was given. */
  readonly clock: TestClock;
  /**
   * The database as its owner sees it, for `prove` and for what no session may do. With one role, or on SQLite, it is
   * `db.engine`.
   */
  readonly owner: Engine;
  /** Waits for the running sessions, closes the database and drops it. */
  close(): Promise<void>;
  /** The same as `close`, so that `await using db = await testDatabase(…)` ends it with its block. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The master key of encrypted columns, for tests that give none. */
const columnKey = `1:${randomBytes(32).toString('hex')}`;

interface Opened {
  readonly engine: Engine;
  readonly owner: Engine;
  close(): Promise<void>;
}

/** Opens the database as the application: with the owner's connection, or as a user of its own. */
const open = async (place: TestPlace, system: SystemFacts, options: TestOptions): Promise<Opened> => {
  const { url: _engine, clock, actor: _actor, scope: _scope, roles, scopeKey: given, ...rest } = options;
  const scopeKey = given === undefined ? undefined : reveal(given);
  const opening: Omit<OpenOptions, 'url' | 'key'> = { ...rest, scopeKey };
  // the owner's statements create and drop the user of the test: they are not the application's
  const owner = await place.open(roles === 'two' ? { ...opening, onStatement: undefined } : opening);
  if (scopeKey !== undefined) await installScopeKey(owner, scopeKey);
  owner.register(Object.values(system.tables));
  if (roles !== 'two') return { engine: owner, owner, close: () => owner.close() };
  const app = `ashlar_test_${randomBytes(6).toString('hex')}`;
  const password = randomBytes(18).toString('base64url');
  const dropUser = () => owner.asOwner((run) => run.script(`DROP OWNED BY ${app}; DROP ROLE ${app}`));
  try {
    const appRoles: Roles = { ...defaultRoles, app, appConnects: { password } };
    await applyRoles(owner, system, appRoles);
    if (clock !== undefined) await letClockIn(owner, system, appRoles);
    const url = new URL(place.url);
    [url.username, url.password] = [app, password];
    const engine = await openEngine({ ...opening, url: url.href, create: false });
    return {
      engine,
      owner,
      close: async () => {
        await engine.close();
        await dropUser();
        await owner.close();
      },
    };
  } catch (error) {
    await dropUser().catch(() => undefined);
    await owner.close();
    throw error;
  }
};

/**
 * Creates a database for one test, with the tables of a system, its guarantees and its rights. The tables are created
 * from their declarations: no migration is needed. It works in every test runner.
 *
 * The content is made once, as a template, and copied for each test: a file of this process on SQLite, a database of the
 * server on PostgreSQL. PGlite empties a database of this process and fills it again.
 *
 * @throws AshlarError `url-invalid`, `driver-missing`, `usage`, `privilege-missing` when the user may not create
 *   databases or roles on the server, and what `connect` throws
 *
 * @example
 * await using db = await testDatabase(shop, { clock: '2026-01-31T09:00:00Z', actor: 'user:42' });
 * const order = await db.session((s) => s.insert(orders, { reference: 'R-1', total_cents: 1999, items: [] }));
 * db.clock.advance({ days: 30 });
 */
export async function testDatabase<T extends Tables>(
  system: SystemFacts<T>,
  options: TestOptions = {},
): Promise<TestDatabase<T>> {
  const { url = 'sqlite', actor, scope, roles = 'one' } = options;
  const clock = new TestClock(options.clock);
  const databases = await testDatabasesOf(url);
  if (roles === 'two' && !url.startsWith('postgres')) throw noRoles(url);
  const place = await databases.create(
    url,
    templateOf(databases.dialect, {
      system,
      roles: roles === 'two' ? undefined : defaultRoles,
      hasClock: options.clock !== undefined,
    }),
  );
  let opened: Opened;
  try {
    opened = await open(place, system, options);
  } catch (error) {
    await place.remove();
    throw error;
  }
  await loadQueries(opened.engine);
  const db = new Database<T>(opened.engine, system, {
    ...options,
    columnKeys: options.columnKeys ?? { current: columnKey },
    clock: options.clock === undefined ? undefined : () => clock.now(),
    context: { actor, scope },
  });
  const closeDatabase = db.close.bind(db);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= (async () => {
      await closeDatabase();
      await opened.close();
      await place.remove();
    })().catch((error: unknown) => {
      // after a call inside a session, it can be closed later
      closing = undefined;
      throw error;
    });
    return closing;
  };
  return Object.assign(db, { clock, owner: opened.owner, close, [Symbol.asyncDispose]: close });
}

const noRoles = (url: string): AshlarError =>
  new AshlarError('usage', {
    message: `A test database on ${url} has no second role.`,
    detail: 'Only a PostgreSQL server has users that connect on their own.',
    suggestion: "Leave out roles, or give the URL of a PostgreSQL server: url: 'postgres://…'.",
  });
