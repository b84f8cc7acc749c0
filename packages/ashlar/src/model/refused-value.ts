import { z } from 'zod';
import type { Column } from '../contract/column.js';
import { AshlarError } from '../errors.js';
import { errorIssues, type IssueSource, isStorageIssue, issueText } from './issues.js';

/** The table whose values were refused, and its columns. */
export interface RefusingTable {
  readonly name: string;
  readonly columns: Readonly<Record<string, Column>>;
}

/**
 * Returns the error for values that a table refuses: `value-unstorable` if engines could not return them unchanged,
 * `value-invalid` if its schema or a check of the row refuses them. Its facts have the table, the columns and the
 * issues.
 *
 * @param found - Zod's issues, each with a path that begins with a column
 * @param source - the schema and the values that it refused
 */
export function refusedValue(
  { name, columns }: RefusingTable,
  found: readonly z.core.$ZodIssue[],
  source: Pick<IssueSource, 'schema' | 'given'>,
): AshlarError {
  const issues = errorIssues(found, { ...source, columns });
  const named = new Set(issues.flatMap(({ path }) => path.slice(0, 1)));
  const about = Object.values(columns).flatMap(({ property }) => (named.has(property) ? [property] : []));
  const lines = issues.map((issue) => issueText(issue, name));
  return new AshlarError(found.every(isStorageIssue) ? 'value-unstorable' : 'value-invalid', {
    message: lines[0] ?? `${name}: invalid value.`,
    detail: lines.length > 1 ? lines.slice(1).join('\n') : undefined,
    suggestion: 'Nothing was written. Correct the value and try again.',
    facts: { table: name, ...(about.length > 0 ? { columns: about } : {}), issues },
  });
}

/** Returns the error for one value that its column refuses; see {@link refusedValue}. */
export function refusedColumnValue(
  column: Column,
  found: readonly z.core.$ZodIssue[],
  value: unknown,
): AshlarError {
  const table = { name: column.table, columns: { [column.property]: column } };
  const issues = found.map((issue) => ({ ...issue, path: [column.property, ...issue.path] }));
  const schema = z.object({ [column.property]: column.schema });
  return refusedValue(table, issues, { schema, given: { [column.property]: value } });
}
