/**
 * Yields what a source yields until a signal is aborted, also while the source is waited for.
 *
 * @throws the signal's reason
 */
export async function* abortable<T>(
  source: Iterable<T> | AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T> {
  if (!signal) return yield* source;
  const iterator =
    Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  let waiting = false;
  try {
    for (;;) {
      signal.throwIfAborted();
      waiting = true;
      const { done, value } = await unlessAborted(iterator.next(), signal);
      waiting = false;
      if (done) return;
      yield value;
    }
  } finally {
    const closed = Promise.resolve(iterator.return?.());
    // a source that hangs does not close either
    if (waiting) closed.catch(() => undefined);
    else await closed;
  }
}

const unlessAborted = async <T>(work: T | Promise<T>, signal: AbortSignal): Promise<T> => {
  let abort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
};
