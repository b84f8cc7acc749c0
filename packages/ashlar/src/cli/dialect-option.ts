import type { SqlName } from '../contract/sql.js';
import { AshlarError } from '../errors.js';

/**
 * Returns the SQL dialects to work on: the one that `--dialect` names, or those of the project if the option is not given.
 *
 * @throws AshlarError `usage`
 */
export function chosenDialects(given: string | undefined, project: readonly SqlName[]): readonly SqlName[] {
  if (given === undefined) return project;
  if (given === 'sqlite' || given === 'postgres') return [given];
  throw new AshlarError('usage', {
    message: `Unknown dialect ${given}.`,
    suggestion: 'Give --dialect sqlite or --dialect postgres.',
  });
}
