import { setTimeout as sleep } from 'node:timers/promises';
import { AshlarError } from '../../../errors.js';
import { lostContext } from '../../lock.js';

const longestPause = 25;

/**
 * Repeats `attempt` until it succeeds, without blocking this thread. Rejects with `timeoutError()` after `timeout`
 * milliseconds.
 */
export async function retryWhileBusy(
  attempt: () => boolean,
  timeout: number,
  timeoutError: () => AshlarError,
): Promise<void> {
  const deadline = performance.now() + timeout;
  for (let pause = 1; !attempt(); pause = Math.min(pause * 2, longestPause)) {
    if (performance.now() > deadline) throw timeoutError();
    // a random pause, so that processes do not collide again
    await sleep(1 + Math.random() * pause);
  }
}

/** Makes the error `lock-timeout` for the case that another process holds the write lock of the file. */
export function fileLocked(): AshlarError {
  return new AshlarError('lock-timeout', {
    message: 'Another process holds the database’s write lock.',
    suggestion: 'Try again, make the transactions of the other process shorter, or raise lockTimeout.',
  });
}

/** Makes the error `lock-timeout` for the case that another session of this process holds the write lock. */
export function writerTaken(): AshlarError {
  return new AshlarError('lock-timeout', {
    message: 'Another session of this process holds the database’s write lock.',
    suggestion: `Make sessions shorter, or raise lockTimeout. ${lostContext}`,
  });
}

/** Makes the error `lock-timeout` for the case that all read connections are in use. */
export function readersTaken(): AshlarError {
  return new AshlarError('lock-timeout', {
    message: 'All read connections are in use.',
    suggestion: `Make read sessions shorter, or raise connections or lockTimeout. ${lostContext}`,
  });
}

/** Makes the error `migration-locked`, which means that another process is migrating the database. */
export function migrationLocked(): AshlarError {
  return new AshlarError('migration-locked', {
    message: 'Another migration of this database is running.',
    suggestion: 'Wait until it has finished, and run the command again.',
  });
}
/**
 * Makes the error `database-locked`, which means that an operation needs exclusive access to a file that a process has
 * open.
 */
export function fileInUse(path: string, cause?: unknown): AshlarError {
  return new AshlarError('database-locked', {
    message: `${path} is in use; this operation needs exclusive access.`,
    suggestion: 'Stop the processes that use the database, and run the command again.',
    cause,
  });
}
/** Makes the error `database-closed`, which means that the engine was used after it was closed. */
export function databaseClosed(): AshlarError {
  return new AshlarError('database-closed', {
    message: 'The database is closed.',
    suggestion: 'Await all work before closing the database.',
  });
}
