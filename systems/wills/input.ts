import { AshlarError } from 'ashlar';
import type { z } from 'zod';

/** The refusal of a service's input: every problem is named, the first one in the message. */
export const refuseInput = (what: string, problems: readonly string[], suggestion: string): AshlarError =>
  new AshlarError('input-invalid', {
    message: `${what}: ${problems[0] ?? 'it does not fit'}.`,
    detail: problems.length > 1 ? problems.join('\n') : undefined,
    suggestion,
  });

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
  throw refuseInput(what, problems, 'Nothing was read or written. Correct the input and try again.');
};
