import type { z } from 'zod';
import { AshlarError } from '../errors.js';
import { errorIssues, issueText } from './issues.js';

/**
 * Parses the input of a service with a Zod schema. The error lists the schema's messages, each after the path it is
 * about.
 *
 * @param what - the name of the input; the message begins with it
 * @param suggestion - what to do. Default: the text for a service that parses its input before it reads or writes
 * @throws AshlarError `input-invalid`; its message has the first problem, its detail all of them if there are several, and its
 *   facts all of them as issues; no text repeats a value
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
  const issues = errorIssues(result.error.issues, { schema, given: input });
  const problems = issues.map((issue) => issueText(issue));
  throw new AshlarError('input-invalid', {
    message: `${what}: ${problems[0]}.`,
    detail: problems.length > 1 ? problems.join('\n') : undefined,
    suggestion,
    facts: { issues },
  });
}
