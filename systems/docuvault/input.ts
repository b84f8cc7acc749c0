import { AshlarError } from 'ashlar';
import type { z } from 'zod';
import type { DocuvaultSession } from './tables.js';

/**
 * Parses the input of a service.
 *
 * @throws AshlarError `input-invalid`, naming each part that does not fit
 */
export const parseInput = <Output>(what: string, schema: z.ZodType<Output>, input: unknown): Output => {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) =>
    [issue.path.join('.'), issue.message].filter(Boolean).join(': '),
  );
  throw new AshlarError('input-invalid', {
    message: `${what}: ${problems[0] ?? 'it does not fit'}.`,
    detail: problems.length > 1 ? problems.join('\n') : undefined,
    suggestion: 'Nothing was read or written. Correct the input and try again.',
  });
};

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
