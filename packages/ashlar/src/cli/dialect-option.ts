import type { SqlName } from '../contract/sql.js';
import { AshlarError } from '../errors.js';

/**
 * The kinds of SQL that `--dialect` names; without it, both.
 *
 * @throws AshlarError `usage`
 */
export function chosenDialects(given: string | undefined): readonly SqlName[] {
  if (given === undefined) return ['sqlite', 'postgres'];
  if (given === 'sqlite' || given === 'postgres') return [given];
  throw new AshlarError('usage', {
    message: `There is no dialect ${given}.`,
    suggestion: 'Write --dialect sqlite or --dialect postgres.',
  });
}
