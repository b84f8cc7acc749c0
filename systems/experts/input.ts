import { AshlarError } from 'ashlar';
import type { z } from 'zod';

/**
 * Parses the input of a service that reads.
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
    suggestion: 'Nothing was read. Correct the input and try again.',
  });
};
