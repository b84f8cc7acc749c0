import { setTimeout as sleep } from 'node:timers/promises';
import type { SqlName } from '../contract/sql.js';
import { isLockTimeout } from '../engines/refusal.js';
import { AshlarError } from '../errors.js';
import type { Step, StepBody } from './steps.js';

/** The options that bound how long sessions queue behind a step. */
export interface LockBudget {
  /**
   * How long a statement of a step may wait for a lock, in milliseconds. Default on PostgreSQL: 2,000, because all sessions
   * that come after a waiting ALTER TABLE wait behind it; on SQLite the lock timeout of the connection.
   */
  readonly lockTimeout?: number | undefined;
  /** How often a step of SQL is tried on PostgreSQL when a lock is not granted in time. Default 10. */
  readonly lockAttempts?: number | undefined;
  /** Called before each pause. */
  readonly onLockWait?: ((wait: LockWait) => void) | undefined;
}

/** A step that did not get a lock in time, and is tried again after a pause. */
export interface LockWait {
  readonly step: string;
  /** The attempt that failed, from 1. */
  readonly attempt: number;
  readonly attempts: number;
  readonly pause_ms: number;
}

const usualTimeout = 2000;
const usualAttempts = 10;
const longestPause = 10_000;

/** What a step is run with. */
export interface Budgeted {
  readonly dialect: SqlName;
  readonly step: Step;
  readonly body: StepBody;
  readonly options: LockBudget;
}

/**
 * Runs a step so that no other session queues behind its request for a lock for longer than the lock timeout: it gives the
 * request up, lets the queue pass for at least as long, and tries again. Code is tried once, because it may have effects
 * outside the database.
 *
 * @param run - runs the step in a transaction with the given lock timeout
 * @throws AshlarError `lock-timeout` after the last attempt, and what `run` throws
 */
export async function withinLockBudget<T>(
  { dialect, step, body, options }: Budgeted,
  run: (limit: { lockTimeout?: number }) => Promise<T>,
): Promise<T> {
  const { lockTimeout } = options;
  if (dialect === 'sqlite') return run(lockTimeout === undefined ? {} : { lockTimeout });
  const limit = { lockTimeout: lockTimeout ?? usualTimeout };
  const attempts = body.kind === 'sql' ? (options.lockAttempts ?? usualAttempts) : 1;
  for (let attempt = 1; ; attempt++) {
    try {
      return await run(limit);
    } catch (error) {
      if (!isLockTimeout(error)) throw error;
      if (attempt >= attempts) throw notGranted(step, attempts, limit.lockTimeout, error as AshlarError);
      const most = Math.min(longestPause, limit.lockTimeout * 2 ** attempt);
      const pause = Math.round(limit.lockTimeout + Math.random() * Math.max(0, most - limit.lockTimeout));
      options.onLockWait?.({ step: step.name, attempt, attempts, pause_ms: pause });
      await sleep(pause);
    }
  }
}

const notGranted = (step: Step, attempts: number, timeout: number, error: AshlarError): AshlarError =>
  new AshlarError('lock-timeout', {
    message: `Step ${step.name} did not get its locks in ${attempts} attempt${attempts === 1 ? '' : 's'} of ${timeout} ms.`,
    detail: [error.message, error.detail].filter(Boolean).join('\n'),
    suggestion:
      'The step was rolled back. Find the transaction that holds the table (pg_stat_activity: the oldest xact_start) and let it end, or try for longer: --lock-attempts, --lock-timeout.',
    cause: error,
  });
