import { setTimeout as sleep } from 'node:timers/promises';
import { AshlarError } from '../../../errors.js';

const longestPause = 25;

/** Tries until it succeeds, without blocking this process. Rejects with `refusal()` after `timeout` milliseconds. */
export async function retryWhileBusy(
  attempt: () => boolean,
  timeout: number,
  refusal: () => AshlarError,
): Promise<void> {
  const deadline = performance.now() + timeout;
  for (let pause = 1; !attempt(); pause = Math.min(pause * 2, longestPause)) {
    if (performance.now() > deadline) throw refusal();
    // at random, so that processes do not meet again
    await sleep(1 + Math.random() * pause);
  }
}

export function fileLocked(): AshlarError {
  return new AshlarError('lock-timeout', {
    message: 'Another process holds the database’s write lock.',
    suggestion: 'Try again; make the other process’s transactions shorter, or raise lockTimeout.',
  });
}

export function writerTaken(): AshlarError {
  return new AshlarError('lock-timeout', {
    message: 'Another session of this process holds the database’s one write lock.',
    suggestion: 'Make sessions shorter, do not open one inside another, or raise lockTimeout.',
  });
}

export function readersTaken(): AshlarError {
  return new AshlarError('lock-timeout', {
    message: 'All connections that read are in use.',
    suggestion: 'Make read sessions shorter, or raise connections.',
  });
}

export function migrationLocked(): AshlarError {
  return new AshlarError('migration-locked', {
    message: 'Another migration of this database is under way.',
    suggestion: 'Wait until it has finished, and run the command again.',
  });
}
export function openHere(path: string, cause?: unknown): AshlarError {
  return new AshlarError('database-locked', {
    message: `${path} is open somewhere, and this can be done only while nobody has it open.`,
    suggestion: 'Stop the services that use it, and run the command again.',
    cause,
  });
}
export function closed(): AshlarError {
  return new AshlarError('database-closed', {
    message: 'The database is closed.',
    suggestion: 'Close it after all work has been awaited.',
  });
}
