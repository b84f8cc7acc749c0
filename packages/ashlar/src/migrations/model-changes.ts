import { readFile } from 'node:fs/promises';
import type { SchemaChange } from '../contract/schema.js';
import type { SqlName } from '../contract/sql.js';
import type { SystemFacts } from '../contract/system.js';
import { dialects } from '../engines/open.js';
import { AshlarError } from '../errors.js';
import { dumpFile, dumpText } from './dump-schema.js';
import { type AllRenames, type Comparison, declaredRenames } from './renames.js';
import { inCreationOrder, schemaOfModel, schemaOfSteps } from './shadow.js';
import { readSteps } from './steps.js';

/**
 * Builds the two schemas to compare, that which the migrations create and that which the tables declare, in temporary
 * databases.
 */
export async function compareModel(system: SystemFacts, name: SqlName): Promise<Comparison> {
  const dialect = await dialects[name]();
  const steps = await readSteps(system.migrations, name);
  const before = await schemaOfSteps(dialect, steps);
  return { dialect, before, after: await schemaOfModel(dialect, system) };
}

/** Returns the changes that turn the schema of the migrations into the schema of the tables. */
export function changesOf(
  system: SystemFacts,
  comparison: Comparison,
  { tables, columns }: AllRenames,
): readonly SchemaChange[] {
  const { dialect, after } = comparison;
  const model = inCreationOrder(Object.values(system.tables));
  const renamed = dialect.renameTables(comparison.before, model, tables);
  return [...renamed.changes, ...dialect.changes(renamed.schema, after, model, columns)];
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
  const changes = changesOf(system, comparison, declaredRenames(system, comparison));
  if (changes.length === 0) return assertDumped(system, comparison);
  throw new AshlarError('migration-pending', {
    message: `The migrations of ${system.name} do not create the schema that its tables declare on ${dialect}.`,
    detail: changes.map((change) => change.summary).join('\n'),
    suggestion: `Write the missing step: ashlar migrate new --system ${system.name} NAME`,
  });
}

const assertDumped = async (system: SystemFacts, { dialect, before }: Comparison): Promise<void> => {
  const committed = await readFile(dumpFile(system, dialect.name), 'utf8').catch(() => undefined);
  if (committed === undefined || committed.replaceAll('\r\n', '\n') === dumpText(dialect, before)) return;
  throw new AshlarError('migration-pending', {
    message: `schema.${dialect.name}.sql of ${system.name} differs from the schema that its migrations create.`,
    detail: 'The dump file is older than the migrations, or was edited.',
    suggestion: `Update it: ashlar migrate dump --system ${system.name} --write`,
  });
};
