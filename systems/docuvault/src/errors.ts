import { AshlarError } from 'ashlar';
import type { DocuvaultSession } from './tables.js';

/** What was asked for is not there, or not this user's to know of: he is told the same. */
export const notThere = (what: string): AshlarError =>
  new AshlarError('row-not-found', {
    message: `There is no such ${what}.`,
    suggestion: 'Check the id, and whose it is.',
  });

/** Runs `work` in a savepoint; where the database refuses it with one of these codes, says why in the user's words. */
export const refusedAs = async <T>(
  s: DocuvaultSession,
  codes: readonly string[],
  message: string,
  work: (s: DocuvaultSession) => Promise<T>,
): Promise<T> => {
  try {
    return await s.session(work);
  } catch (error) {
    if (!(error instanceof AshlarError) || !codes.includes(error.code)) throw error;
    throw new AshlarError('state-conflict', {
      message,
      suggestion: 'Nothing was changed. Look at what is there, and choose another.',
      cause: error,
    });
  }
};
