import { AshlarError } from 'ashlar';
import type { DocuvaultSession } from './tables.js';

/**
 * Creates the error `row-not-found` for a resource that does not exist, or whose existence must not be revealed to the
 * user. Both cases have the same text.
 */
export function notFound(what: string): AshlarError {
  return new AshlarError('row-not-found', {
    message: `The ${what} does not exist.`,
    suggestion: `Check the id and the owner of the ${what}.`,
  });
}

/**
 * Runs `work` in a savepoint; an error whose code is in `codes` is replaced by a `state-conflict` error with the given
 * `message`.
 *
 * @throws AshlarError `state-conflict`, and the other errors of `work`
 */
export async function asConflict<T>(
  s: DocuvaultSession,
  codes: readonly string[],
  message: string,
  work: (s: DocuvaultSession) => Promise<T>,
): Promise<T> {
  try {
    return await s.session(work);
  } catch (error) {
    if (!(error instanceof AshlarError) || !codes.includes(error.code)) throw error;
    throw new AshlarError('state-conflict', {
      message,
      suggestion: 'Nothing was changed. Check the current state, then try again with other values.',
      cause: error,
    });
  }
}
