import type { Engine } from '../contract/engine.js';
import type { Schema } from '../contract/schema.js';
import type { SystemFacts } from '../contract/system.js';
import { compareHistory } from './compare-history.js';
import { readHistory } from './history.js';
import { inCreationOrder, schemaOfSteps } from './shadow.js';
import { readSteps } from './steps.js';

/**
 * Finds the differences between the database and the schema that its applied steps create: changes made without a
 * migration. Only the system's own tables are compared; the database or schema may contain tables of other systems.
 *
 * @returns one line for each difference, worded as the change that leads from the steps to the database
 * @throws AshlarError `migration-failed`, `driver-missing` (the shadow runs in an embedded engine)
 */
export async function drift(engine: Engine, system: SystemFacts): Promise<string[]> {
  const { dialect } = engine;
  const steps = await readSteps(system.migrations, dialect.name);
  const { rows, real } = await engine.asOwner(async (owner) => ({
    rows: (await readHistory(owner, dialect)).filter((row) => row.system === system.name),
    real: await engine.introspect(owner),
  }));
  if (rows.length === 0) return [];
  const pending = new Set(compareHistory(steps, rows).pending);
  const expected = await schemaOfSteps(
    dialect,
    steps.filter((step) => !pending.has(step)),
  );
  const model = inCreationOrder(Object.values(system.tables));
  return dialect.changes(expected, own(real, expected), model, {}).map((change) => change.summary);
}

const own = (real: Schema, expected: Schema): Schema => {
  const tables = new Set(expected.tables.map((table) => table.name));
  const functions = new Set(expected.functions.map((made) => made.name));
  return {
    tables: real.tables.filter((table) => tables.has(table.name)),
    functions: real.functions.filter((made) => functions.has(made.name)),
  };
};
