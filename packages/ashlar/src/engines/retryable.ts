const marked = new WeakSet<object>();

/** Marks an error that would not have happened had its transaction run alone or again: a deadlock, a serialization failure. */
export function markRetryable<T extends Error>(error: T): T {
  marked.add(error);
  return error;
}

/** Whether the transaction that ended with this error may be run again from its beginning. */
export function isRetryable(error: unknown): boolean {
  return typeof error === 'object' && error !== null && marked.has(error);
}
