import type { Engine } from '../contract/engine.js';
import type { Owner } from '../contract/owner.js';
import type { SystemFacts } from '../contract/system.js';
import { AshlarError, isAshlarError } from '../errors.js';
import { comparisonOf } from './catalogue/with-steps.js';
import { driftOf } from './drift.js';
import { foundationState } from './foundation.js';
import { readHistory } from './history.js';
import { stateOfSteps } from './shadow.js';
import type { Step } from './steps.js';
import type { StepsState } from './steps-state.js';

/**
 * Throws if a database is not what steps make of an empty one. Steps in code are not checked: they change data only.
 *
 * @param owner - an open connection of the owner of the database
 * @param steps - the steps that would count as applied, in their order
 * @throws AshlarError `stamp-differs`; `driver-missing` (the shadow runs in an embedded engine); `migration-failed`,
 *   `migration-invalid`
 */
export async function assertMatches(
  engine: Engine,
  owner: Owner,
  system: SystemFacts,
  steps: readonly Step[],
): Promise<void> {
  const { dialect } = engine;
  const history = await readHistory(owner, dialect);
  const expected = await stateFor(engine, steps, foundationState(history).version);
  const { parts, ...rest } = await engine.catalogue(owner);
  // those are this transaction's own
  const found = { ...rest, parts: parts.filter(({ kind }) => kind !== 'row left in') };
  const lines = driftOf(comparisonOf({ dialect, system, history, found, expected }));
  if (lines.length === 0) return;
  throw new AshlarError('stamp-differs', {
    message: `The database is not what the steps of ${system.name} make of an empty one. Nothing was recorded.`,
    detail: `What differs from the steps:\n${lines.map((line) => `  ${line}`).join('\n')}`,
    suggestion: `Change the steps so that they make this database, or change the database. To record the step all the same, which gives every later step a wrong start: ashlar migrate stamp --system ${system.name} --unchecked`,
  });
}

const stateFor = async (
  { dialect }: Engine,
  steps: readonly Step[],
  version: number,
): Promise<StepsState> => {
  try {
    return await stateOfSteps(dialect, steps, version);
  } catch (error) {
    if (!isAshlarError(error, 'driver-missing')) throw error;
    throw new AshlarError('driver-missing', {
      message: `${error.message} The steps cannot be compared with the database without it.`,
      ...(error.detail === undefined ? {} : { detail: error.detail }),
      suggestion: `${error.suggestion ?? 'Install the driver.'} To record steps without comparing: \`--unchecked\`.`,
      cause: error,
    });
  }
};
