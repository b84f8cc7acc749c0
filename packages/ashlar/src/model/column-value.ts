import type { z } from 'zod';
import type { Column } from '../contract/column.js';
import { AshlarError } from '../errors.js';
import { storageIssue } from './column-schema.js';
import { storageProblem } from './storable.js';

/** A problem of one value in a row: a Zod issue, without the value. */
export type ValueIssue = Pick<z.core.$ZodIssue, 'code' | 'path' | 'message'>;

/** Returns whether a column holds JSON, encrypted or not. */
export function holdsJson(column: Column): boolean {
  return (column.plaintext ?? column).kind === 'json' && !(column.plaintext ?? column).codec;
}

/**
 * Returns the problem of a value for a JSON column, as it was given. It is found before Zod parses the value, because
 * Zod rebuilds objects, and drops what JSON cannot hold.
 */
export function jsonIssue(column: Column, value: unknown): ValueIssue | undefined {
  if (value === undefined || (value === null && column.nullable)) return undefined;
  const problem = storageProblem(column, value);
  return problem === undefined ? undefined : storageIssue(problem, [column.name]);
}

const isStorageIssue = (issue: ValueIssue): boolean =>
  issue.code === 'custom' &&
  'params' in issue &&
  (issue.params as { readonly storage?: unknown } | undefined)?.storage === true;

/**
 * Returns the error for values that a table refuses: `value-unstorable` if engines could not return them unchanged,
 * `value-invalid` if its schema refuses them.
 *
 * @param issues - each with a path that begins with a column
 */
export function refusedValue(table: string, issues: readonly ValueIssue[]): AshlarError {
  const lines = issues.map((issue) => `${[table, ...issue.path].join('.')}: ${issue.message}`);
  return new AshlarError(issues.every(isStorageIssue) ? 'value-unstorable' : 'value-invalid', {
    message: lines[0] ?? `${table}: invalid value.`,
    detail: lines.length > 1 ? lines.slice(1).join('\n') : undefined,
    suggestion: 'Nothing was written. Correct the value and try again.',
  });
}

/**
 * Converts an application's value to the stored form of its column's codec. A column without a codec stores the value
 * itself; for an encrypted column the result is what is encrypted.
 */
export function storedValue(column: Column, value: unknown): unknown {
  const { codec } = column.plaintext ?? column;
  return codec ? codec.encode(value) : value;
}

/**
 * Checks one value of the application with its column's schema and with the rules of storage, and returns the stored
 * value, which the engine encodes (`engine.encode`).
 *
 * @param column - for an encrypted column, the value is the plaintext
 * @throws AshlarError `value-invalid`, `value-unstorable`
 */
export function columnValue(column: Column, value: unknown): unknown {
  const given = holdsJson(column) ? jsonIssue(column, value) : undefined;
  if (given) throw refusedValue(column.table, [given]);
  const { data, error } = column.schema.safeParse(value);
  if (!error) return storedValue(column, data);
  throw refusedValue(column.table, ofColumn(column, error));
}

/** Returns the issues of a column's schema, with paths that begin with the column. */
export function ofColumn({ name }: Column, { issues }: z.core.$ZodError): readonly ValueIssue[] {
  return issues.map((issue) => ({ ...issue, path: [name, ...issue.path] }));
}
