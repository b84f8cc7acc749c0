import { z } from 'zod';
import type { Column } from '../contract/column.js';
import { AshlarError } from '../errors.js';
import { errorIssues, issueText } from './issues.js';
import { storageProblem } from './storable.js';

const refused = (
  code: 'value-invalid' | 'value-unstorable',
  column: Column,
  given: unknown,
  issues: readonly z.core.$ZodIssue[],
): AshlarError => {
  const found = errorIssues(
    issues.map((issue) => ({ ...issue, path: [column.name, ...issue.path] })),
    {
      schema: z.object({ [column.name]: column.stored }),
      given: { [column.name]: given },
      columns: { [column.name]: column },
    },
  );
  const lines = found.map((issue) => issueText(issue, column.table));
  return new AshlarError(code, {
    message: lines[0] ?? `${column.table}.${column.name}: invalid value.`,
    detail: lines.length > 1 ? lines.slice(1).join('\n') : undefined,
    suggestion: 'Nothing was written. Correct the value and try again.',
    facts: { table: column.table, columns: [column.name], issues: found },
  });
};

const custom = (message: string): z.core.$ZodIssue[] => [
  { code: 'custom', path: [], message, input: undefined },
];

/**
 * Returns a value as a column stores it, after its Zod type has checked it.
 *
 * @throws AshlarError `value-invalid` when the column's type refuses the value; `value-unstorable` when engines could
 *   not return it unchanged
 */
export function columnValue(column: Column, value: unknown): unknown {
  // JSON is checked before Zod parses it, since Zod rebuilds it and drops some keys; other values after, as they are stored
  const unstorable = column.kind === 'json' ? storageProblem(column, value) : undefined;
  if (unstorable) throw refused('value-unstorable', column, value, custom(unstorable));
  const result = column.stored.safeParse(value);
  if (!result.success) throw refused('value-invalid', column, value, result.error.issues);
  const problem = storageProblem(column, result.data);
  if (problem) throw refused('value-unstorable', column, value, custom(problem));
  return result.data;
}
