import type { Column } from '../contract/column.js';
import { AshlarError } from '../errors.js';
import { storageProblem } from './storable.js';

const refused = (code: 'value-invalid' | 'value-unstorable', column: Column, why: string): AshlarError =>
  new AshlarError(code, {
    message: `${column.table}.${column.name}: ${why}`,
    suggestion: 'Nothing was written. Correct the value and try again.',
  });

/**
 * Returns a value as a column stores it, after its Zod type has checked it. An encrypted column takes ciphertext, a
 * `Uint8Array`: the methods of a session encrypt, a statement does not.
 *
 * @throws AshlarError `value-invalid` when the column's type refuses the value; `value-unstorable` when engines could
 *   not return it unchanged
 */
export function columnValue(column: Column, value: unknown): unknown {
  if (column.plaintext) {
    if (value instanceof Uint8Array || (value === null && column.nullable)) return value;
    throw refused('value-invalid', column, 'An encrypted column takes ciphertext, a Uint8Array.');
  }
  // JSON is checked before Zod parses it, since Zod rebuilds it and drops some keys; other values after, as they are stored
  const unstorable = column.kind === 'json' ? storageProblem(column, value) : undefined;
  if (unstorable) throw refused('value-unstorable', column, unstorable);
  const result = column.stored.safeParse(value);
  if (!result.success) {
    throw refused('value-invalid', column, result.error.issues[0]?.message ?? 'invalid value');
  }
  const problem = storageProblem(column, result.data);
  if (problem) throw refused('value-unstorable', column, problem);
  return result.data;
}
