import type { z } from 'zod';
import { columnsWhere, holdsJson, jsonIssue, refusedValue, type Table } from '../model/index.js';

type Values = Record<string, unknown>;

const jsonColumns = columnsWhere(holdsJson);

const jsonIssues = (table: Table, given: unknown): readonly z.core.$ZodIssue[] => {
  const columns = jsonColumns(table);
  if (columns.length === 0 || typeof given !== 'object' || given === null) return [];
  return columns.flatMap((column) => {
    const issue = jsonIssue(column, (given as Values)[column.property]);
    return issue ? [{ ...issue, path: [column.property] }] : [];
  });
};

/**
 * Parses the values of a row with a schema of its table.
 *
 * @returns the values in the application's form
 * @throws AshlarError `value-invalid` when Zod refuses the value, `value-unstorable` when engines could not return it
 *   unchanged; their facts have the table, the columns and Zod's issues
 */
export function validate(table: Table, kind: 'insert' | 'update', given: unknown): Values {
  const schema = table[kind];
  // JSON is checked before Zod parses it, because Zod rebuilds objects
  const issues = jsonIssues(table, given);
  if (issues.length > 0) throw refusedValue(table, issues, { schema, given });
  const result = schema.safeParse(given);
  if (result.success) return result.data as Values;
  throw refusedValue(table, result.error.issues, { schema, given });
}
