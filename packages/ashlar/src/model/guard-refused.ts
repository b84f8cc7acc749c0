import { AshlarError, type ErrorFacts } from '../errors.js';

/** Returns the error of a guarantee that cannot be on another tool's table, or of a guard that cannot be put on a database. */
export function guardRefused(message: string, suggestion: string, facts: ErrorFacts = {}): AshlarError {
  return new AshlarError('guard-refused', { message, suggestion, facts });
}
