import { isRetryable, pauseBeforeRetry } from '../engines/retryable.js';
import { AshlarError } from '../errors.js';

/**
 * Runs a session, and runs it again after a serialization failure or a deadlock, with a random pause in between.
 *
 * @throws AshlarError `session-retries-exhausted`, and what `run` throws
 */
export async function retrying<R>(attempts = 5, run: () => Promise<R>): Promise<R> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (!isRetryable(error)) throw error;
      if (attempt >= attempts) {
        throw new AshlarError('session-retries-exhausted', {
          message: `The session failed ${attempts} times with a serialization failure or deadlock.`,
          detail: error instanceof AshlarError ? error.message : undefined,
          suggestion: 'Lock rows in the same order in every session, or make sessions shorter.',
          cause: error,
        });
      }
      await pauseBeforeRetry(attempt);
    }
  }
}
