import type { Engine } from '../contract/engine.js';
import type { SystemFacts } from '../contract/system.js';
import { driftOf } from './catalogue/findings.js';
import { compareWithSteps } from './catalogue/with-steps.js';

/**
 * Finds the differences between the database and what its applied steps create: changes made without a migration. Every
 * object is compared, with its parts and their facts (decision 0028). Only the system's own tables are; the database or
 * schema may contain tables of other systems. Objects that were made by hand and can weaken no guarantee, such as an index,
 * are no difference: `status` names them.
 *
 * @returns one line for each difference
 * @throws AshlarError `migration-failed`, `driver-missing` (the shadow runs in an embedded engine)
 */
export async function drift(engine: Engine, system: SystemFacts): Promise<string[]> {
  const compared = await compareWithSteps(engine, system);
  return compared === undefined ? [] : driftOf(compared);
}

export { type ChangedFacts, changedFactsOf, driftOf } from './catalogue/findings.js';
