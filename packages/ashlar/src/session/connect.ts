import type { Engine } from '../contract/engine.js';
import type { ConnectedRole } from '../contract/roles.js';
import type { SystemFacts } from '../contract/system.js';
import { openEngine } from '../engines/open.js';
import { isRefused, scopeKeyError } from '../engines/scope-key-error.js';
import { AshlarError } from '../errors.js';
import { assertNotNewer, assertStepsApplied, stepsWarning } from '../migrations/at-connect.js';
import { assertClockAllowed } from '../migrations/test-mark.js';
import type { Tables } from '../model/index.js';
import { rolesFrom } from '../roles/names.js';
import { type LogLevel, reveal, type Secret, settings } from '../settings/index.js';
import type { ConnectOptions } from './connect-options.js';
import { Database } from './database.js';
import { loadQueries } from './loaded-queries.js';
import { both, findTracing } from './tracing.js';
import { assertMilliseconds } from './transaction-options.js';

/**
 * Opens the database of a system. The database must be initialised (`ashlar up`, or `up()`).
 *
 * @throws AshlarError what `openEngine` throws; `settings-invalid` when there is neither `url` nor `DATABASE_URL`;
 *   `role-too-strong` when the user can change the schema and cannot step down to the application's role, unless
 *   `allowOwner` is set, or when the application's role can read the keys that verify scopes; `scope-key-missing` and
 *   `scope-key-wrong` where the database verifies the scope of sessions; `scope-key-absent` with `requireScopeKey` where it does
 *   not; `migration-pending` with `migrations: 'require'`; `database-newer` when a newer release of Ashlar
 *   changed the database so that this one cannot use it; `usage` for an invalid `lockTimeout`, and for a `clock` with a database
 *   that is not marked as a test database
 *
 * @example
 * const db = await connect(shipping, { url: 'sqlite:data/shipping.db' });
 * const job = await db.session({ actor: 'user:42' }, (s) => s.get(jobs, id));
 */
export async function connect<T extends Tables>(
  system: SystemFacts<T>,
  options: ConnectOptions = {},
): Promise<Database<T>> {
  assertMilliseconds({ lockTimeout: options.lockTimeout });
  const location: Location =
    options.url === undefined
      ? locationFromSettings()
      : { url: options.url, key: options.key, scopeKey: options.scopeKey };
  const scopeKey = options.scopeKey ?? location.scopeKey;
  const tracing = await findTracing();
  const engine = await openEngine({
    ...options,
    onStatement: both(options.onStatement, tracing?.onStatement),
    url: reveal(location.url),
    key: location.key === undefined ? undefined : reveal(location.key),
    scopeKey: scopeKey === undefined ? undefined : reveal(scopeKey),
    appRole: options.appRole ?? location.appRole,
    guards: system.guards,
  });
  tracing?.attach(engine);
  if (!options.allowOwner) {
    const tooStrong = roleTooStrong(engine);
    if (tooStrong) {
      await engine.close();
      throw tooStrong;
    }
  }
  if (isRefused(engine.context)) {
    await engine.close();
    throw scopeKeyError(engine.context);
  }
  if (engine.connectedRole?.readsKeys && engine.context === 'signed') {
    await engine.close();
    throw readsKeys(engine.connectedRole);
  }
  if (engine.hasUnusedKey) await warn(unusedKey);
  try {
    await loadQueries(engine);
    await checkMigrations(engine, system, options.migrations);
    if (options.clock) await assertClockAllowed(engine);
  } catch (error) {
    await engine.close();
    throw error;
  }
  return new Database(engine, system, options, tracing);
}

const checkMigrations = async (
  engine: Engine,
  system: SystemFacts,
  check: ConnectOptions['migrations'] = 'warn',
): Promise<void> => {
  if (check === 'require') return assertStepsApplied(engine, system);
  if (check === 'ignore') return assertNotNewer(engine, system);
  const warning = await stepsWarning(engine, system);
  if (warning) await warn(warning);
};

const unusedKey = {
  code: 'scope-key-absent' as const,
  message:
    'SCOPE_KEY is set, but this database has no key: it trusts the scope and the actor that a session sets.',
  detail: undefined,
  suggestion:
    'Run `ashlar up` with SCOPE_KEY. With requireScopeKey, connect(…) refuses such a database instead.',
};

const warn = async ({
  message,
  ...facts
}: Pick<AshlarError, 'code' | 'message' | 'detail' | 'suggestion'>): Promise<void> => {
  // loaded only here, because most programs never warn
  const { logger } = await import('../settings/log.js');
  const { code, detail, suggestion } = facts;
  logger(logLevel()).warn({ code, detail, suggestion }, message);
};

const logLevel = (): LogLevel => {
  try {
    return settings().logLevel;
  } catch {
    // a program that passes its own URL need not have valid settings
    return 'info';
  }
};

/** The error when guarantees would not bind sessions of the connected user; `undefined` when they do. */
const roleTooStrong = ({ connectedRole }: Engine): AshlarError | undefined => {
  if (
    !connectedRole?.canChangeSchema ||
    connectedRole.sessionRole !== undefined ||
    !connectedRole.initialised
  )
    return undefined;
  return new AshlarError('role-too-strong', {
    message: `The role ${connectedRole.user} can change the schema, so the guarantees would not bind its sessions.`,
    detail: 'The user cannot switch to an application role that has rights in this schema.',
    suggestion:
      'Run ashlar up, which creates the roles and grants their rights, or set DATABASE_URL to a role that can only read and write rows. allowOwner (--allow-owner) skips this check.',
  });
};

const readsKeys = ({ user, sessionRole = user }: ConnectedRole): AshlarError =>
  new AshlarError('role-too-strong', {
    message: `The role ${sessionRole} can read the keys that verify scopes, so it could sign any scope.`,
    detail: 'Someone gave it a right on all tables, or made it a member of pg_read_all_data.',
    suggestion:
      'Run `ashlar up` or `ashlar roles apply`, which revoke such a right; `ashlar roles check` names a membership.',
  });

interface Location {
  readonly url: string | Secret;
  readonly key: string | Secret | undefined;
  readonly scopeKey: string | Secret | undefined;
  readonly appRole?: string;
}

const locationFromSettings = (): Location => {
  const known = settings();
  const { databaseUrl: url, databaseKey: key, scopeKey } = known;
  // with two URLs, DATABASE_URL already names the application's role: there is nothing to step down to
  if (url) return { url, key, scopeKey, appRole: rolesFrom(known).app };
  throw new AshlarError('settings-invalid', {
    message: 'No database URL is set.',
    suggestion: 'Set DATABASE_URL, or pass url to connect(…).',
  });
};
