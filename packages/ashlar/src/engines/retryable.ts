const marked = new WeakSet<object>();

/** Marks an error after which the transaction can be retried: a deadlock, a serialization failure. */
export function markRetryable<T extends Error>(error: T): T {
  marked.add(error);
  return error;
}

/** Whether the transaction that ended with this error can be retried from its beginning. */
export function isRetryable(error: unknown): boolean {
  return typeof error === 'object' && error !== null && marked.has(error);
}
