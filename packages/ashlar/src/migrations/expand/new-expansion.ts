import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SchemaChange } from '../../contract/schema.js';
import type { SqlName } from '../../contract/sql.js';
import type { SystemFacts } from '../../contract/system.js';
import { AshlarError } from '../../errors.js';
import { resolveRenames } from '../decisions.js';
import { type Draft, openDraft, planDraft, tryDraft } from '../draft.js';
import { assertStepName, asUrl, downText, type NewStepOptions, nextNumber, upText } from '../new-step.js';
import { projectEngines } from '../project-engines.js';
import { assertBoundNames } from '../renames.js';
import { folderPath } from '../steps.js';
import { type GivenValues, readExpansions } from './read-expansions.js';

/** The options of `newExpansion`. */
export interface NewExpansionOptions extends Omit<NewStepOptions, 'empty'> {
  /** Values of new columns, and in place of NULL: `table.column` → an SQL expression over the columns of the table. */
  readonly fills?: Readonly<Record<string, string>> | undefined;
  /** Values of the columns that go, computed from those that come: `table.column` → an SQL expression. */
  readonly backs?: Readonly<Record<string, string>> | undefined;
}

/** The three steps that `newExpansion` wrote. */
export interface NewExpansion {
  /** The names of the steps: expand, fill, contract. */
  readonly steps: readonly string[];
  /** The changes of each step in each dialect. */
  readonly changes: Readonly<Partial<Record<SqlName, readonly SchemaChange[]>>>;
}

const phases = ['expand', 'fill', 'contract'] as const;
type Phase = (typeof phases)[number];

const directives: Readonly<Record<Phase, string>> = {
  expand: '',
  fill: '-- ashlar: batches\n',
  contract: '-- ashlar: contract\n',
};

type Changes = Readonly<Record<Phase, readonly SchemaChange[]>>;

/**
 * Writes three steps that turn the schema of the migrations into that of the tables while an older and a newer version of the
 * application run: `NAME_expand`, after which both can; `NAME_fill`, which fills the rows that exist in batches; and
 * `NAME_contract`, which `up` runs when it is told that the older version no longer runs. They are tried in shadow databases
 * before they are written, up and down, with sample rows.
 *
 * @param folder - the migrations folder to write into
 * @param name - describes the change, in snake_case
 * @returns the steps; `undefined` when nothing differs
 * @throws AshlarError `usage`, `expansion-refused`, and what `newStep` throws; then nothing is written
 *
 * @example
 * await newExpansion(shop, shop.migrations, 'title_to_headline', { renames: { articles: { headline: 'title' } } });
 */
export async function newExpansion(
  system: SystemFacts,
  folder: URL | string,
  name: string,
  options: NewExpansionOptions = {},
): Promise<NewExpansion | undefined> {
  assertStepName(name);
  const { fills = {}, backs = {} } = options;
  const root = folderPath(folder);
  const drafts: Draft[] = [];
  try {
    for (const engine of projectEngines(root, options))
      drafts.push(await openDraft({ ...system, migrations: asUrl(folder) }, engine));
    const comparisons = drafts.map(({ comparison }) => comparison);
    const drops = [...(options.drops ?? []), ...Object.keys(backs)];
    const renames = await resolveRenames(system, comparisons, { ...options, drops });
    if (Object.keys(renames.tables).length > 0) {
      throw new AshlarError('expansion-refused', {
        message: 'A renamed table cannot be split into expand and contract.',
        suggestion: 'Rename it in a step of its own, while no older version runs: ashlar migrate new NAME.',
      });
    }
    assertBoundNames(system, renames);
    const first = Number(await nextNumber(root));
    const steps = phases.map((phase, at) => `${String(first + at).padStart(4, '0')}_${name}_${phase}`);
    const used = new Set<string>();
    const written: (readonly [engine: SqlName, changes: Changes])[] = [];
    for (const draft of drafts) {
      const changes = await tried(draft, steps, renames, { fills, backs }, used);
      if (changes) written.push([draft.comparison.dialect.name, changes]);
    }
    assertUsed({ fills, backs }, used);
    if (written.length === 0) return undefined;
    for (const [at, phase] of phases.entries()) await write(root, steps[at] ?? '', phase, written);
    return {
      steps,
      changes: Object.fromEntries(
        written.map(([engine, changes]) => [engine, phases.flatMap((phase) => changes[phase])]),
      ),
    };
  } finally {
    for (const { shadow } of drafts) await shadow.close();
  }
}

const tried = async (
  draft: Draft,
  steps: readonly string[],
  renames: Parameters<typeof planDraft>[1],
  given: GivenValues,
  used: Set<string>,
): Promise<Changes | undefined> => {
  const { comparison } = draft;
  const planned = planDraft(draft, renames);
  const expansions = readExpansions({ comparison, model: planned.model, renames: renames.columns, given });
  if (expansions.length === 0) return undefined;
  for (const expansion of expansions) {
    const columns =
      expansion.kind === 'required'
        ? [expansion.to]
        : [...expansion.news, ...expansion.olds].map(({ column }) => column);
    for (const column of columns) used.add(`${expansion.after.name}.${column.name}`);
  }
  const made = expansions.map((expansion) => comparison.dialect.expansion(expansion));
  const changes: Changes = {
    expand: made.map(({ expand }) => expand),
    fill: made.map(({ fill }) => fill),
    contract: made.map(({ contract }) => contract),
  };
  const whole = phases.flatMap((phase) => changes[phase]);
  const step = steps.join(', ');
  await tryDraft(planned, step, {
    up: upText(step, whole),
    down: downText(
      step,
      whole.filter(({ down }) => down.length > 0),
    ),
  });
  return changes;
};

const write = async (
  root: string,
  step: string,
  phase: Phase,
  written: readonly (readonly [engine: SqlName, changes: Changes])[],
): Promise<void> => {
  const folder = join(root, step);
  await mkdir(folder, { recursive: true });
  for (const [engine, changes] of written) {
    const undone = changes[phase].filter(({ down }) => down.length > 0);
    await writeFile(join(folder, `up.${engine}.sql`), directives[phase] + upText(step, changes[phase]));
    await writeFile(join(folder, `down.${engine}.sql`), downText(step, undone));
  }
};

const assertUsed = ({ fills, backs }: GivenValues, used: ReadonlySet<string>): void => {
  const unknown = [...Object.keys(fills), ...Object.keys(backs)].find((column) => !used.has(column));
  if (unknown === undefined) return;
  throw new AshlarError('usage', {
    message: `${unknown} does not change, so it needs no value.`,
    suggestion: 'Write table.column, where the column becomes required, is new, or is dropped.',
  });
};
