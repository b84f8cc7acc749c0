import type { Command } from 'commander';
import type { LockBudget } from '../migrations/index.js';
import { wholeNumber } from './option-values.js';
import type { Output } from './output.js';

/** The options of a command that runs migration steps. */
export interface LockOptions {
  readonly lockTimeout?: string;
  readonly lockAttempts?: string;
}

/** Adds the options that bound how long sessions queue behind a step. */
export function withLockOptions(command: Command): Command {
  return command
    .option('--lock-timeout <ms>', 'how long a statement may wait for a lock (default: 2000 on PostgreSQL)')
    .option('--lock-attempts <n>', 'how often a step is tried when a lock is not granted (default: 10)');
}

/** Reads the options, and prints each wait. @throws AshlarError `usage` */
export function lockBudget(out: Output, { lockTimeout, lockAttempts }: LockOptions): LockBudget {
  return {
    lockTimeout: wholeNumber('--lock-timeout', lockTimeout),
    lockAttempts: wholeNumber('--lock-attempts', lockAttempts),
    onLockWait: ({ step, attempt, attempts, pause_ms }) =>
      out.note(
        `${out.styleNote('yellow', 'waits')} ${step}: a lock was not granted in attempt ${attempt} of ${attempts}; tries again in ${pause_ms} ms`,
      ),
  };
}
