import type { z } from 'zod';
import { AshlarError } from '../errors.js';

/**
 * Parses the input of a service by its schema, whose messages are given on, each behind the path of what it is about.
 *
 * @param what - what the input is; the message begins with it
 * @param suggestion - what to do about it. Default: that of a service that parses before anything else
 * @throws AshlarError `input-invalid`; its message names the first part that does not fit, its detail all where there are several
 *
 * @example
 * const { from, limit } = parseInput('The audit query', z.strictObject({ from: timestamp(), limit: z.int() }), input);
 */
export function parseInput<Output>(
  what: string,
  schema: z.ZodType<Output>,
  input: unknown,
  suggestion = 'Nothing was read or written. Correct the input and try again.',
): Output {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) =>
    [path.join('.'), message].filter(Boolean).join(': '),
  );
  throw new AshlarError('input-invalid', {
    message: `${what}: ${problems[0]}.`,
    detail: problems.length > 1 ? problems.join('\n') : undefined,
    suggestion,
  });
}
