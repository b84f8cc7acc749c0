import { existsSync } from 'node:fs';
import type { Renames } from '../contract/dialect.js';
import type { Engine } from '../contract/engine.js';
import type { GuardedTable } from '../contract/guarantee.js';
import type { SchemaChange } from '../contract/schema.js';
import type { SqlName } from '../contract/sql.js';
import type { SystemFacts } from '../contract/system.js';
import { dialects } from '../engines/open.js';
import type { AllRenames, Comparison } from './renames.js';
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

/** What a step changes in one dialect: first the names of tables, then the rest. */
export interface PlannedDraft extends Draft {
  readonly model: readonly GuardedTable[];
  readonly renamedTables: readonly SchemaChange[];
  readonly rest: readonly SchemaChange[];
  /** The schemas that `rest` lies between: in that before it, tables have their new names. */
  readonly comparison: Comparison;
  readonly renamedColumns: Renames;
}

/**
 * Returns what a step changes.
 *
 * @throws AshlarError `conversion-unknown`, `conversion-sealed`, `conversion-blocked`
 */
export function planDraft(draft: Draft, renames: AllRenames): PlannedDraft {
  const { dialect, before, after } = draft.comparison;
  const model = inCreationOrder(Object.values(draft.system.tables));
  const { schema, changes: renamedTables } = dialect.renameTables(before, model, renames.tables);
  const comparison = { dialect, before: schema, after };
  assertConvertible(comparison, renames.columns, model);
  const rest = dialect.changes(schema, after, model, renames.columns);
  return { ...draft, model, renamedTables, rest, comparison, renamedColumns: renames.columns };
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
 * @param texts - those of the rest of the step
 * @throws AshlarError `migration-untested`, `migration-failed`
 */
export async function tryDraft(
  planned: PlannedDraft,
  step: string,
  texts: StepTexts,
): Promise<readonly string[]> {
  const { system, shadow, model, comparison, renamedColumns, renamedTables } = planned;
  const { name } = comparison.dialect;
  await renameFirst(shadow, renamedTables);
  return tryStep({
    engine: shadow,
    system,
    model,
    comparison,
    renames: renamedColumns,
    retypes: retypesOf(comparison, renamedColumns),
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
