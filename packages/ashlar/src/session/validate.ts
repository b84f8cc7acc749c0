import type { z } from 'zod';
import { AshlarError } from '../errors.js';
import { errorIssues, isStorageIssue, issueText, type Table } from '../model/index.js';

/**
 * Parses a value with a Zod schema of a table.
 *
 * @throws AshlarError `value-invalid` when Zod refuses the value, `value-unstorable` when engines could not return it
 *   unchanged; their facts have the table, the columns and Zod's issues
 */
export function validate<Output>(
  table: Pick<Table, 'name' | 'columns'>,
  schema: z.ZodType<Output>,
  value: unknown,
): Output {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const found = result.error.issues;
  const issues = errorIssues(found, { schema, given: value, columns: table.columns });
  const named = new Set(issues.flatMap(({ path }) => path.slice(0, 1)));
  const columns = Object.keys(table.columns).filter((name) => named.has(name));
  const lines = issues.map((issue) => issueText(issue, table.name));
  throw new AshlarError(found.every(isStorageIssue) ? 'value-unstorable' : 'value-invalid', {
    message: lines[0] ?? `${table.name}: invalid value.`,
    detail: lines.length > 1 ? lines.slice(1).join('\n') : undefined,
    suggestion: 'Nothing was written. Correct the value and try again.',
    facts: { table: table.name, ...(columns.length > 0 ? { columns } : {}), issues },
  });
}
