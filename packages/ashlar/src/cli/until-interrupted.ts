/**
 * Runs `work` until it ends or is interrupted: the first Ctrl-C aborts the signal that `work` receives, so that it can
 * stop cleanly; the second Ctrl-C ends the process at once.
 *
 * @param onAsked - called at the first Ctrl-C
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
