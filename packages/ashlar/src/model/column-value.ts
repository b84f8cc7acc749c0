import type { z } from 'zod';
import type { Column } from '../contract/column.js';
import { storageIssue } from './column-schema.js';
import { refusedColumnValue } from './refused-value.js';
import { storageProblem } from './storable.js';

/** Returns whether a column holds JSON that the application gives as it is, encrypted or not. */
export function holdsJson({ plaintext, kind, codec }: Column): boolean {
  return plaintext ? holdsJson(plaintext) : kind === 'json' && codec === undefined;
}

/**
 * Returns the problem of a value for a JSON column, as it was given; its path is empty. It is found before Zod parses
 * the value, because Zod rebuilds objects, and drops what JSON cannot hold.
 */
export function jsonIssue(column: Column, value: unknown): z.core.$ZodIssue | undefined {
  if (value === undefined || (value === null && column.nullable)) return undefined;
  const problem = storageProblem(column, value);
  return problem === undefined ? undefined : storageIssue(problem);
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
 * Checks one value of the application with its column's schema and with the rules of storage.
 *
 * @returns the value as the schema returns it, in the application's form
 * @throws AshlarError `value-invalid`, `value-unstorable`
 */
export function checkedValue(column: Column, value: unknown): unknown {
  const given = holdsJson(column) ? jsonIssue(column, value) : undefined;
  if (given) throw refusedColumnValue(column, [given], value);
  const { data, error } = column.schema.safeParse(value);
  if (error) throw refusedColumnValue(column, error.issues, value);
  return data;
}

/**
 * Checks one value of the application with its column's schema and with the rules of storage, and returns the stored
 * value, which the engine encodes (`engine.encode`).
 *
 * @param column - for an encrypted column, the value is the plaintext
 * @throws AshlarError `value-invalid`, `value-unstorable`
 */
export function columnValue(column: Column, value: unknown): unknown {
  return storedValue(column, checkedValue(column, value));
}
