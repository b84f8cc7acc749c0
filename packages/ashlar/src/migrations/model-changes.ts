import { readFile } from 'node:fs/promises';
import type { Renames } from '../contract/dialect.js';
import type { SqlName } from '../contract/sql.js';
import type { SystemFacts } from '../contract/system.js';
import { dialects } from '../engines/open.js';
import { AshlarError } from '../errors.js';
import { dumpFile, dumpText } from './dump-schema.js';
import { changesKeeping, type KeepingChanges, type StepsComparison } from './ownership/changes.js';
import { undeclaredObjects } from './ownership/unknown.js';
import { type Comparison, declaredRenames } from './renames.js';
import { schemaOfModel, stateOfSteps } from './shadow.js';
import { readSteps } from './steps.js';

/** The schema that the migrations create and the schema that the tables declare, in one dialect. */
export interface ModelComparison extends Comparison, StepsComparison {}

/** Builds the two schemas to compare, that of the migrations and that of the tables, in temporary databases. */
export async function compareModel(system: SystemFacts, name: SqlName): Promise<ModelComparison> {
  const dialect = await dialects[name]();
  const steps = await readSteps(system.migrations, name);
  const { schema: before, ownership } = await stateOfSteps(dialect, steps);
  return { dialect, steps, before, ownership, after: await schemaOfModel(dialect, system) };
}

/**
 * Returns the changes that turn the schema of the migrations into the schema of the tables.
 *
 * @param dropped - the objects of older steps that count as made by Ashlar and that the model lacks
 */
export function changesOf(
  system: SystemFacts,
  comparison: ModelComparison,
  renames: Renames,
  dropped: ReadonlySet<string> = droppedBy(comparison, new Set(undeclaredObjects(comparison, system))),
): Promise<KeepingChanges> {
  return changesKeeping(system, comparison, renames, dropped);
}

/** The objects of older steps that a comparison drops: all of which it is not known who made them, but for those kept. */
export function droppedBy({ ownership }: ModelComparison, kept: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...ownership.unknown].filter((key) => !kept.has(key)));
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
  const { changes } = await changesOf(system, comparison, declaredRenames(system, comparison));
  if (changes.length === 0) return assertDumped(system, comparison);
  throw new AshlarError('migration-pending', {
    message: `The migrations of ${system.name} do not create the schema that its tables declare on ${dialect}.`,
    detail: changes.map((change) => change.summary).join('\n'),
    suggestion: `Write the missing step: ashlar migrate new --system ${system.name} NAME`,
  });
}

const assertDumped = async (system: SystemFacts, { dialect, before }: ModelComparison): Promise<void> => {
  const committed = await readFile(dumpFile(system, dialect.name), 'utf8').catch(() => undefined);
  if (committed === undefined || committed.replaceAll('\r\n', '\n') === dumpText(dialect, before)) return;
  throw new AshlarError('migration-pending', {
    message: `schema.${dialect.name}.sql of ${system.name} differs from the schema that its migrations create.`,
    detail: 'The dump file is older than the migrations, or was edited.',
    suggestion: `Update it: ashlar migrate dump --system ${system.name} --write`,
  });
};
