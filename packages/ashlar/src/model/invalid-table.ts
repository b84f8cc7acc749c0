import { AshlarError } from '../errors.js';

/** The error of a declaration that cannot hold. */
export function invalidTable(table: string, message: string, suggestion: string): AshlarError {
  return new AshlarError('table-invalid', { message: `Table ${table}: ${message}`, suggestion });
}
