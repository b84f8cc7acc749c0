import { AshlarError } from '../../errors.js';

/** Returns the error for a step that would drop or break an object that no generated step made. */
export function blocked(message: string, detail: string, suggestion: string, cause?: unknown): AshlarError {
  return new AshlarError('migration-blocked', { message, detail, suggestion, cause });
}
