import { type ConnectOptions, connect, type Database, settings } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { up } from 'ashlar/migrations';
import { rolesFrom } from 'ashlar/roles';
import { experts } from './system.js';
import type { tables } from './tables.js';

// milliseconds: a chat should wait for a slow disk rather than lose an exchange
const lockTimeout = 30_000;

/** An open database of this system. */
export type ExpertsDatabase = Database<typeof tables>;

/**
 * Initialises or migrates the database if necessary, then opens it. Call it before the first request is served. Any
 * number of processes may start at the same time, even without an existing database or its folder. When `DATABASE_MIGRATE_URL` names
 * another user, that user migrates and sessions run as the user of `DATABASE_URL`. `lockTimeout` is 30,000 ms by
 * default.
 *
 * @throws AshlarError the codes of `connect` and `up`
 */
export async function openExperts(given: ConnectOptions = {}): Promise<ExpertsDatabase> {
  const options = { lockTimeout, createFolder: true, ...given };
  const env = options.url === undefined ? settings() : undefined;
  const roles = env && rolesFrom(env);
  const owner = env?.databaseMigrateUrl?.reveal();
  if (owner !== undefined && owner !== env?.databaseUrl?.reveal()) {
    const engine = await openEngine({ url: owner, key: env?.databaseKey?.reveal(), createFolder: true });
    await up(engine, experts, { roles }).finally(() => engine.close());
    return connect(experts, options);
  }
  const db = await connect(experts, { ...options, migrations: 'ignore' });
  try {
    await up(db.engine, experts, { roles });
    return db;
  } catch (error) {
    await db.close();
    throw error;
  }
}
