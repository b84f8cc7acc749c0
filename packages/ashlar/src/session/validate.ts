import { holdsJson, jsonIssue, refusedValue, type Table } from '../model/index.js';

type Values = Record<string, unknown>;

const jsonColumns = new WeakMap<Table, readonly Table['columns'][string][]>();

const jsonColumnsOf = (table: Table): readonly Table['columns'][string][] => {
  let columns = jsonColumns.get(table);
  if (!columns) {
    columns = Object.values(table.columns).filter(holdsJson);
    jsonColumns.set(table, columns);
  }
  return columns;
};

/**
 * Parses the values of a row with a schema of its table.
 *
 * @returns the values in the application's form
 * @throws AshlarError `value-invalid` when Zod refuses the value, `value-unstorable` when engines could not return it
 *   unchanged
 */
export function validate(table: Table, schema: 'insert' | 'update', given: unknown): Values {
  const json = jsonColumnsOf(table);
  if (json.length > 0 && typeof given === 'object' && given !== null) {
    const issues = json.flatMap((column) => jsonIssue(column, (given as Values)[column.name]) ?? []);
    if (issues.length > 0) throw refusedValue(table.name, issues);
  }
  const result = table[schema].safeParse(given);
  if (result.success) return result.data as Values;
  throw refusedValue(table.name, result.error.issues);
}
