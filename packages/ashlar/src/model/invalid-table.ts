import { AshlarError } from '../errors.js';

/** Returns the error for an invalid declaration of a table: `table-invalid`. */
export function invalidTable(table: string, message: string, suggestion: string): AshlarError {
  return new AshlarError('table-invalid', { message: `Table ${table}: ${message}`, suggestion });
}
