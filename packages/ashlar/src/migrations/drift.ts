import type { Engine } from '../contract/engine.js';
import type { Owner } from '../contract/owner.js';
import type { Schema } from '../contract/schema.js';
import type { SystemFacts } from '../contract/system.js';
import { compareHistory } from './compare-history.js';
import { readHistory } from './history.js';
import { missingOmitted } from './omitted.js';
import { withoutHarmless } from './ownership/harmless.js';
import { liftingObjects } from './ownership/lifting.js';
import { inCreationOrder, type StepsState, stateOfSteps } from './shadow.js';
import { readSteps } from './steps.js';

/** The schema of a database, and what its applied steps make of an empty one. */
export interface RealAndExpected {
  readonly real: Schema;
  readonly expected: StepsState;
}

/**
 * Reads the schema of the database, and makes that of its applied steps in a shadow database; `undefined` before the
 * first step.
 *
 * @throws AshlarError `migration-failed`, `driver-missing` (the shadow runs in an embedded engine)
 */
export async function realAndExpected(
  engine: Engine,
  system: SystemFacts,
): Promise<RealAndExpected | undefined> {
  const { dialect } = engine;
  const steps = await readSteps(system.migrations, dialect.name);
  const { rows, real } = await engine.asOwner(async (owner) => ({
    rows: (await readHistory(owner, dialect)).filter((row) => row.system === system.name),
    real: await engine.introspect(owner),
  }));
  if (rows.length === 0) return undefined;
  const pending = new Set(compareHistory(steps, rows).pending);
  const expected = await stateOfSteps(
    dialect,
    steps.filter((step) => !pending.has(step)),
  );
  return { real, expected };
}

/**
 * Finds the differences between the database and the schema that its applied steps create: changes made without a
 * migration. Only the system's own tables are compared; the database or schema may contain tables of other systems.
 * Objects that were made by hand and can lift no guarantee, such as an index, are no difference: `status` names them.
 *
 * @returns one line for each difference, worded as the change that leads from the steps to the database
 * @throws AshlarError `migration-failed`, `driver-missing` (the shadow runs in an embedded engine)
 */
export async function drift(engine: Engine, system: SystemFacts): Promise<string[]> {
  const found = await realAndExpected(engine, system);
  return found ? engine.asOwner((owner) => differences(engine, owner, system, found)) : [];
}

/** Returns the lines of {@link drift} for a database whose schema was read, over an open connection of its owner. */
export async function differences(
  { dialect }: Engine,
  owner: Owner,
  system: SystemFacts,
  { real, expected: { schema, ownership } }: RealAndExpected,
): Promise<string[]> {
  const lifting = new Set(liftingObjects(real, dialect.name, system).map(({ key }) => key));
  const model = inCreationOrder(Object.values(system.tables));
  const { omitted } = ownership;
  const others = omitted.size === 0 ? [] : await owner.run(dialect.proving.objects);
  return [
    ...dialect
      .changes(schema, withoutHarmless(real, schema, lifting), model, {})
      .map((change) => change.summary),
    ...missingOmitted(omitted, real, others),
  ];
}
