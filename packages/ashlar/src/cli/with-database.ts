import { connect } from '../session/connect.js';
import type { Database } from '../session/database.js';
import type { ColumnKeys } from '../settings/index.js';
import type { System } from '../system/system.js';
import { assertInitialised } from './assert-initialised.js';
import type { Invocation } from './invocation.js';

/**
 * Opens the database of a system as the application, passes it to `work`, and closes it.
 *
 * @throws AshlarError `migration-pending` when the database is not initialised, and what `connect` throws
 */
export async function withDatabase<R>(
  invocation: Invocation,
  system: System,
  columnKeys: ColumnKeys | undefined,
  work: (db: Database) => Promise<R>,
): Promise<R> {
  const db = await connect(system, {
    ...(await invocation.target('app', system)),
    create: false,
    migrations: 'ignore',
    columnKeys,
  });
  try {
    await assertInitialised(db.engine, system);
    return await work(db);
  } finally {
    await db.close();
  }
}
