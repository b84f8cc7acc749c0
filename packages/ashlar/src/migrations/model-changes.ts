import { readFile } from 'node:fs/promises';
import type { SchemaChange } from '../contract/schema.js';
import type { SqlName } from '../contract/sql.js';
import type { SystemFacts } from '../contract/system.js';
import { withExternalOf } from '../engines/external-tables.js';
import { dialects } from '../engines/open.js';
import { AshlarError } from '../errors.js';
import { dumpFile, dumpText } from './dump-schema.js';
import { tablesStep } from './external-steps.js';
import { allChanges, changesKeeping, type StepsComparison } from './ownership/changes.js';
import { askedObjects, undeclaredObjects } from './ownership/unknown.js';
import { declaredRenames } from './renames.js';
import { schemaOfModel, stateOfSteps } from './shadow.js';
import { readSteps, type Step } from './steps.js';

/** The comparison of a model with its steps. */
interface ModelComparison extends StepsComparison {
  readonly steps: readonly Step[];
}

/**
 * Builds the two schemas to compare, that which the migrations create and that which the tables declare, in temporary
 * databases.
 */
async function compareModel(system: SystemFacts, name: SqlName): Promise<ModelComparison> {
  const dialect = await dialects[name]();
  const steps = await readSteps(system.migrations, name);
  const tables = tablesStep(dialect, system);
  const all = tables ? [...steps, tables] : steps;
  const { schema: before, ownership } = await stateOfSteps(dialect, all);
  const after = await schemaOfModel(dialect, system);
  return {
    dialect,
    steps: all,
    before: withExternalOf(before, after),
    ownership,
    after: withExternalOf(after, before),
  };
}

/**
 * Returns the changes that turn the schema of the migrations into the schema of the tables. An object of an older step that
 * the next `migrate new` asks about is no change.
 */
async function changesOf(system: SystemFacts, comparison: ModelComparison): Promise<readonly SchemaChange[]> {
  const ran = [...comparison.steps];
  const planned = await changesKeeping({
    system,
    comparison,
    renames: declaredRenames(system, comparison),
    keeps: new Set(askedObjects(undeclaredObjects(comparison, system))),
    run: (step) => {
      ran.push(step);
      return stateOfSteps(comparison.dialect, [...ran]);
    },
  });
  return allChanges(planned);
}

/**
 * Checks, in one dialect, that the migrations create the declared schema of the tables, and that the dump file is
 * current if there is one. Needs no database.
 *
 * @throws AshlarError `migration-pending`, listing what differs; `migration-failed`, `migration-invalid`,
 *   `driver-missing`
 */
export async function check(system: SystemFacts, dialect: SqlName): Promise<void> {
  const comparison = await compareModel(system, dialect);
  const changes = await changesOf(system, comparison);
  if (changes.length === 0) return assertDumped(system, comparison);
  throw new AshlarError('migration-pending', {
    message: `The migrations of ${system.name} do not create the schema that its tables declare on ${dialect}.`,
    detail: changes.map((change) => change.summary).join('\n'),
    suggestion: `Write the missing step: ashlar migrate new --system ${system.name} NAME`,
  });
}

const assertDumped = async (
  system: SystemFacts,
  { dialect, before, ownership }: ModelComparison,
): Promise<void> => {
  const committed = await readFile(dumpFile(system, dialect.name), 'utf8').catch(() => undefined);
  if (
    committed === undefined ||
    committed.replaceAll('\r\n', '\n') === dumpText(dialect, { schema: before, ownership })
  )
    return;
  throw new AshlarError('migration-pending', {
    message: `schema.${dialect.name}.sql of ${system.name} differs from the schema that its migrations create.`,
    detail: 'The dump file is older than the migrations, or was edited.',
    suggestion: `Update it: ashlar migrate dump --system ${system.name} --write`,
  });
};
