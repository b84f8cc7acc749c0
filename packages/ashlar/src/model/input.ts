import type { z } from 'zod';
import { AshlarError } from '../errors.js';

/**
 * Parses the input of a service with a Zod schema. The error lists the schema's messages, each after the path it is
 * about.
 *
 * @param what - the name of the input; the message begins with it
 * @param suggestion - what to do. Default: the text for a service that parses its input before it reads or writes
 * @throws AshlarError `input-invalid`; its message has the first problem, its detail all of them if there are several
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
