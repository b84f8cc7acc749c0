import { AshlarError, type ErrorCode, isAshlarError } from 'ashlar';
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

/** The error that a conflict is recognised by: its code and, where one is given, the table in its facts. */
export interface ConflictSign {
  readonly code: ErrorCode;
  readonly table?: string;
}

/**
 * Runs `work` in a savepoint; an error with the given sign is replaced by a `state-conflict` error with the given
 * `message`.
 *
 * @throws AshlarError `state-conflict`, and the other errors of `work`
 */
export async function asConflict<T>(
  s: DocuvaultSession,
  sign: ConflictSign,
  message: string,
  work: (s: DocuvaultSession) => Promise<T>,
): Promise<T> {
  try {
    return await s.session(work);
  } catch (error) {
    const isConflict =
      isAshlarError(error, sign.code) && (sign.table === undefined || error.facts.table === sign.table);
    if (!isConflict) throw error;
    throw new AshlarError('state-conflict', {
      message,
      suggestion: 'Nothing was changed. Check the current state, then try again with other values.',
      cause: error,
    });
  }
}
