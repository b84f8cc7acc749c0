import { AshlarError } from '../errors.js';
import type { JobCommands } from '../jobs/index.js';
import { connect } from '../session/connect.js';
import type { Database } from '../session/database.js';
import { assertInitialised } from './assert-initialised.js';
import type { Invocation } from './invocation.js';

/**
 * Opens the database of a system that has jobs, passes the jobs and the database to `work`, and closes the database.
 *
 * @throws AshlarError `usage` when the system has no jobs, `migration-pending`, and what {@link connect} throws
 */
export async function withJobs<T>(
  invocation: Invocation,
  work: (jobs: JobCommands, db: Database) => Promise<T>,
): Promise<T> {
  const system = await invocation.system();
  const { jobs } = system;
  if (!jobs) {
    throw new AshlarError('usage', {
      message: `The system ${system.name} has no jobs.`,
      suggestion:
        'Name another system with --system. A system has jobs if it declares them: system(…, { jobs }).',
    });
  }
  const db = await connect(system, {
    ...(await invocation.target('app', system)),
    create: false,
    migrations: 'ignore',
  });
  try {
    await assertInitialised(db.engine, system);
    return await work(jobs, db);
  } finally {
    await db.close();
  }
}
