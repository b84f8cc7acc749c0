import { type ConnectOptions, connect, type Database, openEngine, rolesFrom, settings, up } from 'ashlar';
import { experts } from './system.js';
import type { tables } from './tables.js';

/** A chat rather waits for a slow disk than loses what was said; in milliseconds. */
const patience = 30_000;

/** An open database of this system. */
export type ExpertsDatabase = Database<typeof tables>;

/**
 * Opens the log, after making or migrating its tables where that is due: call it before the first request is served.
 * Any number of processes may start at once, also on no database at all. Where `DATABASE_MIGRATE_URL` names another
 * user, that one migrates, and sessions run as the user of `DATABASE_URL`. `lockTimeout` is 30 seconds by default.
 *
 * @throws AshlarError what `connect` and `up` throw
 */
export const openExperts = async (given: ConnectOptions = {}): Promise<ExpertsDatabase> => {
  const options = { lockTimeout: patience, ...given };
  const known = options.url === undefined ? settings() : undefined;
  const roles = known && rolesFrom(known);
  const owner = known?.databaseMigrateUrl?.reveal();
  if (owner !== undefined && owner !== known?.databaseUrl?.reveal()) {
    const engine = await openEngine({ url: owner, key: known?.databaseKey?.reveal() });
    await up(engine, experts, { roles }).finally(() => engine.close());
    return connect(experts, options);
  }
  const db = await connect(experts, options);
  try {
    await up(db.engine, experts, { roles });
    return db;
  } catch (error) {
    await db.close();
    throw error;
  }
};
