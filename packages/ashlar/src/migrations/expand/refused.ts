import { AshlarError } from '../../errors.js';

/** The error of a change that cannot be made while two versions of the application run. */
export function refused(
  table: string,
  why: string,
  suggestion = 'Make this change in a step of its own: ashlar migrate new NAME, without --expand.',
): AshlarError {
  return new AshlarError('expansion-refused', {
    message: `The change of ${table} cannot be split into expand and contract.`,
    detail: `${table}: ${why}.`,
    suggestion,
    facts: { table },
  });
}
