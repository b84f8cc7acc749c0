import { setTimeout as sleep } from 'node:timers/promises';

const marked = new WeakSet<object>();

/**
 * Marks an error, such as a deadlock or a serialization failure, after which the transaction may succeed if it is run
 * again.
 */
export function markRetryable<T extends Error>(error: T): T {
  marked.add(error);
  return error;
}

/** Whether the transaction that failed with this error may be run again from its beginning. */
export function isRetryable(error: unknown): boolean {
  return typeof error === 'object' && error !== null && marked.has(error);
}

/**
 * Waits before a transaction is run again: a random time, so that the same transactions do not collide again, of at most
 * 20 ms after the first attempt and twice as long after each further one.
 */
export async function pauseBeforeRetry(attempt: number): Promise<void> {
  await sleep(Math.random() * 10 * 2 ** attempt);
}
