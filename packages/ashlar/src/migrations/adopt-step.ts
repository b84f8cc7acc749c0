import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from '../contract/engine.js';
import type { Schema } from '../contract/schema.js';
import type { SystemFacts } from '../contract/system.js';
import { AshlarError } from '../errors.js';
import { comparisonOf } from './catalogue/with-steps.js';
import { compareHistory } from './compare-history.js';
import { driftOf } from './drift.js';
import { type AppliedStep, readHistory } from './history.js';
import {
  type AdoptOptions,
  assertStepName,
  downText,
  type NewStep,
  type NewStepOptions,
  nextNumber,
  upText,
  writtenStep,
} from './new-step.js';
import { ownSystem } from './own-system.js';
import { keysOf } from './ownership/keys.js';
import { ownershipText } from './ownership/lines.js';
import { projectEngines } from './project-engines.js';
import { schemaOfModel, stateOfSteps } from './shadow.js';
import { folderPath, readSteps, type Step } from './steps.js';

/** The options of `adoptStep`. */
export interface AdoptStepOptions extends NewStepOptions, AdoptOptions {}

/** The steps that take over a database. */
export interface AdoptedSteps {
  /** What the database had already, and no step made: it is to be recorded with `stamp`. `undefined` if there was nothing. */
  readonly found: { readonly name: string; readonly differences: readonly string[] } | undefined;
  /** What gives the tables the form that they are declared in; `undefined` if they have it. */
  readonly step: NewStep | undefined;
}

/**
 * Writes the difference between a database and the declared tables as steps. Where the database differs from what its steps
 * make, a step of its own makes the same in a new database; it is recorded with `stamp`. The next step gives the tables
 * their declared form: columns of another program are converted, so that every value is kept or the step fails. Where only a person
 * can say what a value becomes, such as the zone of a time, the step proposes an expression and is not run before its mark
 * is gone. A step without a mark is tried in shadow databases, as that of `newStep`.
 *
 * @param folder - the migrations folder to write into
 * @param name - describes the step, in snake_case
 * @throws AshlarError `usage` without steps, and with steps that wait to be applied; `adopt-differs` when what was found cannot
 *   be made by a step; and what `newStep` throws. Then nothing is written
 */
export async function adoptStep(
  engine: Engine,
  system: SystemFacts,
  folder: URL | string,
  name: string,
  options: AdoptStepOptions = {},
): Promise<AdoptedSteps> {
  assertStepName(name);
  const { dialect } = engine;
  const steps = await readSteps(folder, dialect.name);
  const live = await described(engine);
  assertReady(system, steps, live.history);
  const expected = await stateOfSteps(dialect, steps);
  const differs = (state: typeof expected): readonly string[] =>
    driftOf(comparisonOf({ dialect, system, history: live.history, found: live.found, expected: state }));
  const differences = differs(expected);
  const root = folderPath(folder);
  const found = differences.length === 0 ? undefined : `${await nextNumber(root)}_${name}_found`;
  const { zone, ...rest } = options;
  try {
    if (found !== undefined) {
      const model = await schemaOfModel(dialect, system);
      const isShared = live.history.some((row) => row.system !== system.name && row.system !== ownSystem);
      const wanted = ownPart(live.schema, expected.schema, model, isShared);
      await writeFound({ engine, root, step: found, before: expected.schema, wanted, model, options });
      const left = differs(await stateOfSteps(dialect, await readSteps(folder, dialect.name)));
      if (left.length > 0) throw cannotMake(left);
    }
    const step = await writtenStep({ system, folder, name, options: rest, adopt: { zone } });
    return { found: found === undefined ? undefined : { name: found, differences }, step };
  } catch (error) {
    if (found !== undefined) await rm(join(root, found), { recursive: true, force: true });
    throw error;
  }
}

/** A database: its description, and the history of all its systems. */
const described = (engine: Engine) =>
  engine.asOwner(async (owner) => ({
    schema: await engine.introspect(owner),
    found: await engine.catalogue(owner),
    history: await readHistory(owner, engine.dialect),
  }));

/** @throws AshlarError `usage` */
const assertReady = (system: SystemFacts, steps: readonly Step[], history: readonly AppliedStep[]): void => {
  if (steps.length === 0) {
    throw new AshlarError('usage', {
      message: `${system.name} has no step that makes the database as it is.`,
      suggestion: 'Take the database over first: ashlar adopt SOURCE.',
    });
  }
  const applied = history.filter((row) => row.system === system.name);
  const { pending } = compareHistory(steps, applied);
  // the first step may be recorded afterwards: what the database differs in is written here
  if (pending.length === 0 || (applied.length === 0 && steps.length === 1)) return;
  const names = pending.map((step) => step.name).join(', ');
  throw new AshlarError('usage', {
    message: `The difference cannot be told while steps wait: ${names}.`,
    suggestion: 'Apply them (ashlar up), record them (ashlar migrate stamp), or delete their folders.',
  });
};

/**
 * The part of a database that the system has: the tables of its steps and its declarations, and the objects beside tables, if
 * no other system is there.
 */
const ownPart = (
  { tables, functions, objects }: Schema,
  steps: Schema,
  model: Schema,
  isShared: boolean,
): Schema => {
  const namesOf = (list: readonly { readonly name: string }[]): ReadonlySet<string> =>
    new Set(list.map((each) => each.name));
  const own = namesOf([...steps.tables, ...model.tables]);
  const [knownFunctions, knownObjects] = [namesOf(steps.functions), namesOf(steps.objects)];
  const others = new Set(tables.flatMap((table) => (own.has(table.name) ? [] : [table.name])));
  return {
    tables: tables.filter((table) => own.has(table.name)),
    functions: functions.filter((each) => !isShared || knownFunctions.has(each.name)),
    objects: objects.filter(
      (each) =>
        (!isShared || knownObjects.has(each.name)) &&
        ![...each.needs, each.on ?? ''].some((needed) => others.has(needed)),
    ),
  };
};

interface Found {
  readonly engine: Engine;
  readonly root: string;
  readonly step: string;
  readonly before: Schema;
  readonly wanted: Schema;
  readonly model: Schema;
  readonly options: NewStepOptions;
}

/** Writes the step that makes what a database has and its steps do not make; the other engines have nothing to do. */
const writeFound = async ({ engine, root, step, before, wanted, model, options }: Found): Promise<void> => {
  const { dialect } = engine;
  const changes = dialect.changes(before, wanted, [], {});
  const had = keysOf(before);
  const declared = keysOf(model);
  // a later generated step may change what the tables declare, and keeps everything else
  const makes = [...keysOf(wanted)].filter((key) => !had.has(key) && declared.has(key));
  const lines = ownershipText({ makes, keeps: [], renames: new Map() });
  await mkdir(join(root, step), { recursive: true });
  for (const name of projectEngines(root, options)) {
    const own = name === dialect.name ? changes : [];
    await writeFile(
      join(root, step, `up.${name}.sql`),
      upText(step, own, name === dialect.name ? lines : []),
    );
    await writeFile(join(root, step, `down.${name}.sql`), downText(step, own));
  }
};

const cannotMake = (lines: readonly string[]): AshlarError =>
  new AshlarError('adopt-differs', {
    message: 'What the database has, and its steps do not make, cannot be made by a generated step.',
    detail: lines.join('\n'),
    suggestion:
      'Write a step that makes it by hand (ashlar migrate new NAME --empty), and record it with stamp.',
  });
