import type { z } from 'zod';
import { AshlarError } from '../errors.js';

const isStorageIssue = (issue: z.core.$ZodIssue): boolean =>
  issue.code === 'custom' && issue.params?.storage === true;

/**
 * Parses a value with a Zod schema of a table.
 *
 * @throws AshlarError `value-invalid` when Zod refuses the value, `value-unstorable` when engines could not return it
 *   unchanged
 */
export function validate<Output>(table: string, schema: z.ZodType<Output>, value: unknown): Output {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { issues } = result.error;
  const lines = issues.map((issue) => `${[table, ...issue.path].join('.')}: ${issue.message}`);
  throw new AshlarError(issues.every(isStorageIssue) ? 'value-unstorable' : 'value-invalid', {
    message: lines[0] ?? `${table}: invalid value.`,
    detail: lines.length > 1 ? lines.slice(1).join('\n') : undefined,
    suggestion: 'Nothing was written. Correct the value and try again.',
  });
}
