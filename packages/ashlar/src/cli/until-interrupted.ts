/**
 * Runs work that can be stopped: the first Ctrl-C asks it to stop cleanly, the second ends the process at once.
 *
 * @param onAsked - told when the first one comes
 */
export async function untilInterrupted<T>(
  onAsked: () => void,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const ask = (): void => {
    if (controller.signal.aborted) process.exit(130);
    onAsked();
    controller.abort();
  };
  process.on('SIGINT', ask);
  process.on('SIGTERM', ask);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', ask);
    process.off('SIGTERM', ask);
  }
}
