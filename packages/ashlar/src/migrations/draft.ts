import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Engine } from '../contract/engine.js';
import type { GuardedTable } from '../contract/guarantee.js';
import type { Schema } from '../contract/schema.js';
import type { SqlName } from '../contract/sql.js';
import type { SystemFacts } from '../contract/system.js';
import { withExternalOf } from '../engines/external-tables.js';
import { dialects } from '../engines/open.js';
import { enginesOfSystem, placeOfSteps, tablesStep } from './external-steps.js';
import { assertNoneConverted } from './ownership/breaks.js';
import { changesKeeping, isKeptIn, type KeepingChanges, type StepsComparison } from './ownership/changes.js';
import { withKept } from './ownership/keep.js';
import { afterRenames, keysOf, objectKey } from './ownership/keys.js';
import type { OwnershipLines } from './ownership/lines.js';
import { OwnershipLedger } from './ownership/ownership.js';
import { type ProjectEngines, projectEngines } from './project-engines.js';
import { type AllRenames, type Comparison, declaredRenames } from './renames.js';
import { assertConvertible, assertKeyKinds, retypesOf } from './retypes.js';
import { inCreationOrder, openEmptyShadow, runStepsIn, schemaOfModel } from './shadow.js';
import { folderPath, readSteps, sqlBody } from './steps.js';
import { type Tried, tryStep } from './trial.js';

/** A step that is being generated in one dialect, with the shadow database in which the steps before it have run. */
export interface Draft {
  readonly system: SystemFacts;
  readonly comparison: StepsComparison;
  readonly shadow: Engine;
  /** Follows who made the objects in the shadow database. */
  readonly ledger: OwnershipLedger;
  /** What did not work there before the step. */
  readonly broken: ReadonlySet<string>;
  /** Whether the step takes over tables of another program. */
  readonly adopts: boolean;
}

/** What drafts are opened for. */
export interface DraftOptions extends ProjectEngines {
  readonly adopts?: boolean | undefined;
}

/**
 * Runs the steps of a system in a shadow database, which stays open, and describes the schema of its tables.
 *
 * @throws AshlarError `migration-failed`, `migration-invalid`, `driver-missing`, `conversion-blocked`
 */
async function openDraft(system: SystemFacts, name: SqlName, adopts: boolean): Promise<Draft> {
  assertKeyKinds(Object.values(system.tables));
  const dialect = await dialects[name]();
  const steps = existsSync(folderPath(system.migrations)) ? await readSteps(system.migrations, name) : [];
  // first: PGlite has one database, which the steps then take over
  const after = await schemaOfModel(dialect, system);
  const tables = tablesStep(dialect, system);
  const all = tables ? [...steps, tables] : steps;
  const shadow = await openEmptyShadow(dialect, placeOfSteps(all, 'all'));
  try {
    const ledger = new OwnershipLedger();
    const { schema: before, ownership, broken } = await runStepsIn(shadow, all, ledger);
    return {
      system,
      shadow,
      ledger,
      adopts,
      broken: new Set(broken),
      comparison: {
        dialect,
        before: withExternalOf(before, after),
        after: withExternalOf(after, before),
        ownership,
      },
    };
  } catch (error) {
    await shadow.close();
    throw error;
  }
}

/**
 * Opens the drafts of a step for each engine of a project, and closes their shadow databases at the end.
 *
 * @param folder - the migrations folder that the step is written into
 * @param use - is given the drafts, and the path of the folder
 * @throws AshlarError as {@link openDraft}, and what `use` throws
 */
export async function withDrafts<T>(
  system: SystemFacts,
  folder: URL | string,
  project: DraftOptions,
  use: (drafts: readonly Draft[], root: string) => Promise<T>,
): Promise<T> {
  const root = folderPath(folder);
  const migrations = typeof folder === 'string' ? pathToFileURL(join(folder, '/')) : folder;
  const drafts: Draft[] = [];
  try {
    for (const engine of enginesOfSystem(system, projectEngines(root, project)))
      drafts.push(await openDraft({ ...system, migrations }, engine, project.adopts ?? false));
    return await use(drafts, root);
  } finally {
    for (const { shadow } of drafts) await shadow.close();
  }
}

/** The objects of older steps of which it is not known who made them, in any dialect. */
export function unownedIn(drafts: readonly Draft[]): ReadonlySet<string> {
  return new Set(drafts.flatMap(({ comparison }) => [...comparison.ownership.unknown]));
}

/**
 * Returns the comparison in which what the model lacks and what stays all the same is no longer missing. But a table or column
 * that is to be renamed is missing under its old name, also if a person made it.
 *
 * @param keeps - the objects of older steps that stay
 * @param given - the renames that options name
 */
export function withoutKept(
  { system, comparison }: Draft,
  keeps: ReadonlySet<string>,
  given: AllRenames,
): Comparison {
  const { dialect, before, after, ownership } = comparison;
  const declared = declaredRenames(system, comparison);
  const renamed = new Set(
    [declared, given].flatMap(({ tables, columns }) => [
      ...Object.values(tables).map((name) => objectKey('table', name)),
      ...Object.entries(columns).flatMap(([table, names]) =>
        Object.values(names).map((name) => objectKey('column', name, table)),
      ),
    ]),
  );
  const isKept = isKeptIn(ownership, keeps);
  return {
    dialect,
    before,
    after: withKept(after, before, (key) => isKept(key) && !renamed.has(key), dialect.adoption.keptType),
  };
}

/** What a step changes in one dialect. */
export interface PlannedDraft extends Draft, KeepingChanges {
  readonly model: readonly GuardedTable[];
  /** The schemas that `rest` lies between. */
  readonly comparison: KeepingChanges['comparison'] & StepsComparison;
  /** The schema before the step and its renames. */
  readonly original: Schema;
  /** What the step says about the objects that it makes. */
  readonly lines: OwnershipLines;
}

/**
 * Returns what a step changes. The renames that come first are run in the shadow database, so that what is tried there has
 * one name before the rest of the step and after it.
 *
 * @param keeps - the objects of older steps that stay
 * @throws AshlarError `conversion-unknown`, `conversion-sealed`, `conversion-blocked`, `migration-blocked`
 */
export async function planDraft(
  draft: Draft,
  renames: AllRenames,
  keeps: ReadonlySet<string>,
): Promise<PlannedDraft> {
  const { system, shadow, ledger, adopts } = draft;
  const model = inCreationOrder(Object.values(system.tables));
  const planned = await changesKeeping({
    system,
    comparison: draft.comparison,
    renames,
    keeps,
    run: (step) => runStepsIn(shadow, [step], ledger),
    adopts,
  });
  const { comparison, renamedColumns, renamedKeys } = planned;
  assertConvertible(comparison, renamedColumns, model, adopts);
  assertNoneConverted({ ...comparison, kept: planned.kept, adopts }, retypesOf(comparison, renamedColumns));
  const had = keysOf(comparison.before);
  const moved = new Set(renamedKeys.values());
  const { foreign } = draft.comparison.ownership;
  // what another program made and tables declare now is theirs
  const isNew = (key: string): boolean => !had.has(key) || (adopts && foreign.has(key));
  return {
    ...draft,
    ...planned,
    model,
    original: draft.comparison.before,
    comparison: { ...comparison, ownership: ledger.ownership },
    lines: {
      makes: [...keysOf(draft.comparison.after)].filter((key) => isNew(key) && !moved.has(key)),
      keeps: [...keeps].map((key) => afterRenames(key, renamedKeys)),
      renames: renamedKeys,
    },
  };
}

/** The texts of a step in one dialect. */
export interface StepTexts {
  readonly up: string;
  readonly down: string;
}

/**
 * Tries the rest of a step in the shadow database of its draft, as {@link tryStep} describes.
 *
 * @param texts - those of the rest of the step
 * @throws AshlarError `migration-untested`, `migration-blocked`
 */
export function tryDraft(
  {
    system,
    shadow,
    broken,
    adopts,
    model,
    original,
    comparison,
    renamedColumns,
    renamedTables,
    kept,
  }: PlannedDraft,
  step: string,
  texts: StepTexts,
): Promise<Tried> {
  const { name } = comparison.dialect;
  return tryStep({
    engine: shadow,
    system,
    model,
    original,
    renamedTables,
    comparison,
    kept,
    broken,
    adopts,
    renames: renamedColumns,
    retypes: retypesOf(comparison, renamedColumns),
    up: sqlBody(step, `up.${name}.sql`, texts.up, name),
    down: sqlBody(step, `down.${name}.sql`, texts.down, name),
  });
}
