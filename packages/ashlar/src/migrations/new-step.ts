import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SchemaChange } from '../contract/schema.js';
import type { SqlName } from '../contract/sql.js';
import type { SystemFacts } from '../contract/system.js';
import { AshlarError } from '../errors.js';
import { type Decisions, resolveRenames } from './decisions.js';
import { type Draft, planDraft, tryDraft, unownedIn, withDrafts, withoutKept } from './draft.js';
import { tablesFileOf } from './external-steps.js';
import { assertZone, fillText, inZone, type Mark, marksOf } from './marks.js';
import { allChanges } from './ownership/changes.js';
import { objectKey } from './ownership/keys.js';
import { omitsText, ownershipText } from './ownership/lines.js';
import {
  answersFor,
  askedObjects,
  type DecideObject,
  type ObjectAnswer,
  undeclaredObjects,
} from './ownership/unknown.js';
import { assertBoundNames } from './renames.js';
import { retypesOf } from './retypes.js';
import { byStepOrder } from './steps.js';
import type { StuckTable } from './trial.js';

/** The options of `newStep`. */
export interface NewStepOptions extends Decisions {
  /**
   * What happens to objects that the model lacks, made by older steps that do not say who made them:
   * `{ 'index orders_by_status': 'keep' }`.
   */
  readonly objects?: Readonly<Record<string, ObjectAnswer>> | undefined;
  /** Decides about such an object; without this function, an object without an answer is an error. */
  readonly decideObject?: DecideObject | undefined;
  /**
   * Whether to write the step even if the migrations and the tables do not differ; the step can then be completed by
   * hand.
   */
  readonly empty?: boolean | undefined;
  /** The engines to write files for; by default those for which the steps have files, and both for the first step. */
  readonly engines?: readonly SqlName[] | undefined;
}

/** How a step takes over tables of another program. */
export interface AdoptOptions {
  /** The zone in which times without zone were written: `UTC`, `Europe/Berlin`. Without it each is a mark. */
  readonly zone?: string | undefined;
}

/** A step that `newStep` wrote. */
export interface NewStep {
  readonly name: string;
  readonly folder: string;
  /** The changes for each engine that files were written for. */
  readonly changes: Readonly<Partial<Record<SqlName, readonly SchemaChange[]>>>;
  /** The objects that no table declares and no generated step made: they were left as they are. */
  readonly kept: readonly string[];
  /** What a person has to write into the step before a command runs it: `orders.placed_at: …`. */
  readonly marks: readonly string[];
}

/**
 * Writes a step that turns the schema of the migrations into that of the tables: up and down files for each engine of the
 * project. The step is tried in shadow databases before it is written, up and down, with sample rows.
 *
 * @param folder - the migrations folder to write into
 * @param name - describes the step, in snake_case
 * @returns the step; `undefined` when nothing differs
 * @throws AshlarError `usage`, `migration-ambiguous`, `migration-invalid`, `migration-failed`, `driver-missing`,
 *   `conversion-unknown`, `conversion-sealed`, `conversion-blocked`, `migration-untested`, `migration-blocked`; then
 *   nothing is written
 */
export async function newStep(
  system: SystemFacts,
  folder: URL | string,
  name: string,
  options: NewStepOptions = {},
): Promise<NewStep | undefined> {
  return writtenStep({ system, folder, name, options });
}

/** What {@link writtenStep} writes. */
export interface StepRequest {
  readonly system: SystemFacts;
  readonly folder: URL | string;
  readonly name: string;
  readonly options: NewStepOptions;
  /** Given where the step takes over tables of another program: it is tried only if no mark is left. */
  readonly adopt?: AdoptOptions | undefined;
}

/** Does what {@link newStep} does, also for tables of another program. */
export function writtenStep({ folder, ...request }: StepRequest): Promise<NewStep | undefined> {
  const { system, name, options, adopt } = request;
  assertStepName(name);
  return withDrafts(system, folder, { ...options, adopts: adopt !== undefined }, (drafts, root) =>
    writeStep({ ...request, root, drafts }),
  );
}

interface Writing extends Omit<StepRequest, 'folder'> {
  readonly root: string;
  readonly drafts: readonly Draft[];
}

const writeStep = async ({
  system,
  root,
  name,
  options,
  adopt,
  drafts,
}: Writing): Promise<NewStep | undefined> => {
  const keeps = await keptObjects(system, drafts, options);
  const given = { tables: options.tableRenames ?? {}, columns: options.renames ?? {} };
  const comparisons = drafts.map((draft, at) => withoutKept(draft, keeps[at] ?? none, given));
  const renames = await resolveRenames(system, comparisons, options, unownedIn(drafts));
  assertBoundNames(system, renames);
  const planned = [];
  for (const [at, draft] of drafts.entries()) {
    const plan = await planDraft(draft, renames, keeps[at] ?? none);
    const { comparison, renamedColumns, kept } = plan;
    const marks = marksOf(retypesOf(comparison, renamedColumns));
    const { open, answer } = answered(comparison.dialect.name, marks, adopt?.zone);
    const warn = adopt ? withLostRights(comparison.dialect.name, kept) : (each: SchemaChange) => each;
    planned.push({ plan, open, answer, changes: allChanges(plan).map(warn) });
  }
  const isNothing = planned.every(({ plan, changes }) => changes.length + plan.lines.keeps.length === 0);
  if (isNothing && !options.empty) return undefined;
  const step = `${await nextNumber(root)}_${name}`;
  const files: [file: string, text: string][] = [];
  const shown: (readonly [SqlName, readonly SchemaChange[]])[] = [];
  for (const { plan, open, answer, changes: own } of planned) {
    const { name: engine } = plan.comparison.dialect;
    const rest = { up: answer(upText(step, plan.rest)), down: answer(downText(step, plan.rest)) };
    const isTried = plan.first.length + plan.rest.length > 0 && open.length === 0;
    const tried = isTried ? await tryDraft(plan, step, rest) : undefined;
    const changes = withStuck(own, tried?.stuck ?? []);
    shown.push([engine, changes]);
    const fills = fillText(open);
    const lines = [
      ...untriedLine(tried?.empty ?? []),
      ...omitsText(plan.omitted.keys),
      ...ownershipText(plan.lines),
    ];
    files.push(
      [`up.${engine}.sql`, answer(upText(step, changes, [...fills, ...lines]))],
      [`down.${engine}.sql`, answer(downText(step, changes, fills))],
      ...tablesFileOf(plan.comparison.dialect, system),
    );
  }
  const folder = join(root, step);
  await mkdir(folder, { recursive: true });
  for (const [file, text] of files) await writeFile(join(folder, file), text);
  const kept = new Set(planned.flatMap(({ plan }) => [...plan.kept]));
  return {
    name: step,
    folder,
    changes: Object.fromEntries(shown),
    kept: [...kept].sort(),
    marks: planned.flatMap(({ open }) => fillText(open).map((line) => line.replace('-- ashlar: fill ', ''))),
  };
};

/** The marks that are left, and how the others are answered in the files of a step. */
const answered = (
  dialect: SqlName,
  marks: readonly Mark[],
  zone: string | undefined,
): { readonly open: readonly Mark[]; readonly answer: (text: string) => string } => {
  const times = marks.filter(({ mark }) => mark === 'time-without-zone');
  if (zone === undefined || times.length === 0) return { open: marks, answer: (text) => text };
  assertZone(dialect, zone);
  return { open: marks.filter((each) => !times.includes(each)), answer: (text) => inZone(text, times, zone) };
};

// PostgreSQL drops the rights on a view with it
const withLostRights =
  (dialect: SqlName, kept: ReadonlySet<string>) =>
  (change: SchemaChange): SchemaChange => {
    const [, type, name] = /^drop ((?:materialized )?view) (.+)$/.exec(change.summary) ?? [];
    if (dialect !== 'postgres' || type === undefined || name === undefined) return change;
    if (!kept.has(objectKey(type, name))) return change;
    return { ...change, danger: `The step makes ${name} again; the rights on it that others have are lost.` };
  };

/** Says of each change that drops a column with whose rows it cannot be undone. */
const withStuck = (changes: readonly SchemaChange[], stuck: readonly StuckTable[]): readonly SchemaChange[] =>
  changes.map((change) => {
    const of = stuck.find(
      ({ table, columns }) =>
        change.summary.startsWith(`${table}: `) &&
        columns.some((name) => change.summary.includes(`drop column ${name}`)),
    );
    if (!of) return change;
    const said = `It cannot be undone while ${of.table} has rows: ${of.why}.`;
    return { ...change, danger: change.danger === undefined ? said : `${change.danger} ${said}` };
  });

const none: ReadonlySet<string> = new Set();

/** The objects of older steps that stay, for each draft. */
export async function keptObjects(
  system: SystemFacts,
  drafts: readonly Draft[],
  { objects = {}, decideObject }: NewStepOptions,
): Promise<readonly ReadonlySet<string>[]> {
  const undeclared = drafts.map(({ comparison }) => undeclaredObjects(comparison, system));
  const answers = await answersFor(askedObjects(undeclared.flat()), objects, decideObject);
  return undeclared.map(
    (keys) => new Set(keys.filter((key) => (answers.get(key) ?? objects[key]) === 'keep')),
  );
}

/** @throws AshlarError `usage` if a step cannot have the name */
export function assertStepName(name: string): void {
  if (/^[a-z][a-z0-9_]*$/.test(name)) return;
  throw new AshlarError('usage', {
    message: `A step cannot be named "${name}".`,
    suggestion: 'Describe it in snake_case: owner_required.',
  });
}

/** Returns the number of the next step of a folder, with leading zeros. */
export async function nextNumber(root: string): Promise<string> {
  const last = (await readdir(root).catch(() => []))
    .filter((entry) => /^\d{4,}_/.test(entry))
    .sort(byStepOrder)
    .at(-1);
  return String(last === undefined ? 1 : Number.parseInt(last, 10) + 1).padStart(4, '0');
}

const untriedLine = (tables: readonly string[]): readonly string[] =>
  tables.length > 0 ? [`-- tried without rows: ${tables.join(', ')}`] : [];

/**
 * Returns the text of the file that makes changes.
 *
 * @param more - further lines of its header
 */
export function upText(step: string, changes: readonly SchemaChange[], more: readonly string[] = []): string {
  const header = [
    ...(changes.some((change) => change.rebuild.includes('up')) ? ['-- ashlar: rebuild'] : []),
    `-- ${step}`,
    ...(changes.length === 0 ? ['-- nothing to do here'] : []),
    ...changes.flatMap(({ summary, danger }) => [
      `-- ${summary}`,
      ...(danger ? [`--   careful: ${danger}`] : []),
    ]),
    ...more,
  ];
  return file(
    header,
    changes.map((change) => change.up),
  );
}

/**
 * Returns the text of the file that undoes changes.
 *
 * @param more - further lines of its header
 */
export function downText(
  step: string,
  changes: readonly SchemaChange[],
  more: readonly string[] = [],
): string {
  const stuck = changes.filter((change) => change.up.length > 0 && change.down.length === 0);
  const header = [
    ...(stuck.length > 0 ? ['-- ashlar: irreversible'] : []),
    ...(changes.some((change) => change.rebuild.includes('down')) ? ['-- ashlar: rebuild'] : []),
    `-- undoes ${step}`,
    ...(changes.length === 0 ? ['-- nothing to do here'] : []),
    ...stuck.map(({ summary }) => `-- no way back that keeps the data: ${summary}`),
    ...more,
  ];
  return file(header, changes.map((change) => change.down).reverse());
}

const file = (header: readonly string[], groups: readonly (readonly string[])[]): string => {
  const blocks = groups.filter((group) => group.length > 0).map((group) => group.map(terminated).join('\n'));
  return `${[header.join('\n'), ...blocks].join('\n\n')}\n`;
};

const terminated = (statement: string): string => {
  const text = statement.trim();
  return text.endsWith(';') ? text : `${text};`;
};
