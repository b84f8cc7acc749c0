import { existsSync } from 'node:fs';
import type { Engine } from '../contract/engine.js';
import type { SchemaChange } from '../contract/schema.js';
import type { SqlName } from '../contract/sql.js';
import type { SystemFacts } from '../contract/system.js';
import { dialects } from '../engines/open.js';
import { changesOf } from './model-changes.js';
import { type AllRenames, afterTableRenames, type Comparison } from './renames.js';
import { assertConvertible, assertKeyKinds, retypesOf } from './retypes.js';
import { inCreationOrder, openEmptyShadow, runStepsIn, schemaOfModel } from './shadow.js';
import { folderPath, readSteps, sqlBody } from './steps.js';
import { tryStep } from './trial.js';

/** A step that is being generated in one dialect, with the shadow database in which the steps before it have run. */
export interface Draft {
  readonly system: SystemFacts;
  readonly comparison: Comparison;
  readonly shadow: Engine;
}

/**
 * Runs the steps of a system in a shadow database, which stays open, and describes the schema of its tables.
 *
 * @throws AshlarError `migration-failed`, `migration-invalid`, `driver-missing`, `conversion-blocked`
 */
export async function openDraft(system: SystemFacts, name: SqlName): Promise<Draft> {
  assertKeyKinds(Object.values(system.tables));
  const dialect = await dialects[name]();
  const steps = existsSync(folderPath(system.migrations)) ? await readSteps(system.migrations, name) : [];
  // first: PGlite has one database, which the steps then take over
  const after = await schemaOfModel(dialect, system);
  const shadow = await openEmptyShadow(dialect);
  try {
    return { system, shadow, comparison: { dialect, before: await runStepsIn(shadow, steps), after } };
  } catch (error) {
    await shadow.close();
    throw error;
  }
}

/**
 * Returns the changes of a step.
 *
 * @throws AshlarError `conversion-unknown`, `conversion-sealed`, `conversion-blocked`
 */
export function draftChanges({ system, comparison }: Draft, renames: AllRenames): readonly SchemaChange[] {
  const renamed = afterTableRenames(system, comparison, renames.tables);
  assertConvertible(renamed, renames.columns, Object.values(system.tables));
  return changesOf(system, comparison, renames);
}

/** The texts of a step in one dialect. */
export interface StepTexts {
  readonly up: string;
  readonly down: string;
}

/**
 * Tries a step in the shadow database of its draft, as {@link tryStep} describes. Its renamed tables are renamed first,
 * so that their rows have one name before the rest of the step and after it.
 *
 * @param textsOf - writes changes as the texts of a step
 * @throws AshlarError `migration-untested`, `migration-failed`
 */
export async function tryDraft(
  { system, comparison, shadow }: Draft,
  renames: AllRenames,
  step: string,
  textsOf: (changes: readonly SchemaChange[]) => StepTexts,
): Promise<readonly string[]> {
  const { dialect } = comparison;
  const { name } = dialect;
  const model = inCreationOrder(Object.values(system.tables));
  const first = dialect.renameTables(comparison.before, model, renames.tables);
  const renamed = { ...comparison, before: first.schema };
  const rest = dialect.changes(first.schema, comparison.after, model, renames.columns);
  const texts = textsOf(rest);
  await renameFirst(shadow, first.changes);
  return tryStep({
    engine: shadow,
    system,
    model,
    comparison: renamed,
    renames: renames.columns,
    retypes: retypesOf(renamed, renames.columns),
    up: sqlBody(step, `up.${name}.sql`, texts.up, name),
    down: sqlBody(step, `down.${name}.sql`, texts.down, name),
  });
}

const renameFirst = (shadow: Engine, changes: readonly SchemaChange[]): Promise<void> =>
  shadow.asOwner((owner) =>
    owner.atomically(
      async () => {
        for (const { up } of changes) for (const statement of up) await owner.script(statement);
      },
      { rebuild: changes.some(({ rebuild }) => rebuild.includes('up')) },
    ),
  );
