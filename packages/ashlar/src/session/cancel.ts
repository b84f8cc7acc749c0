import { AshlarError } from '../errors.js';

/** Returns the error of a session whose signal was aborted: `session-cancelled`. */
export function cancelledBy(signal: AbortSignal | undefined): AshlarError {
  return new AshlarError('session-cancelled', {
    message: 'The session was cancelled by its signal and rolled back.',
    suggestion: 'Run the session again, if its work is still wanted.',
    cause: signal?.reason,
  });
}

/** Returns the error of a session that was ended because its database was closed: `session-cancelled`. */
export function closedWhileRunning(): AshlarError {
  return new AshlarError('session-cancelled', {
    message: 'The session was rolled back, because its database was closed.',
    detail: 'close() waits for sessions, but not for one that runs no statement for the lock timeout.',
    suggestion: 'Await all sessions before closing the database.',
  });
}

/** Throws if the signal is aborted. @throws AshlarError `session-cancelled` */
export function rethrowAbort(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelledBy(signal);
}

/**
 * Waits for `opening`; if the signal is aborted before, rejects at once, and undoes the result when it comes.
 *
 * @throws AshlarError `session-cancelled`
 */
export function whileNotAborted<R>(
  signal: AbortSignal,
  opening: Promise<R>,
  undo: (result: R) => Promise<void>,
): Promise<R> {
  return new Promise((resolve, reject) => {
    const giveUp = (error: unknown): void => {
      reject(error);
      opening.then(undo).catch(() => undefined);
    };
    const abort = (): void => giveUp(cancelledBy(signal));
    try {
      signal.addEventListener('abort', abort, { once: true });
    } catch (error) {
      giveUp(error);
      return;
    }
    opening.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
