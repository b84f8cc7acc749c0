import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Expansion } from '../../contract/expansion.js';
import type { SchemaChange } from '../../contract/schema.js';
import type { SqlName } from '../../contract/sql.js';
import type { SystemFacts } from '../../contract/system.js';
import { AshlarError } from '../../errors.js';
import { guardRefused } from '../../model/guard-refused.js';
import { identifier } from '../../model/index.js';
import { resolveRenames } from '../decisions.js';
import { type Draft, planDraft, tryDraft, unownedIn, withDrafts, withoutKept } from '../draft.js';
import {
  assertStepName,
  downText,
  keptObjects,
  type NewStepOptions,
  nextNumber,
  upText,
} from '../new-step.js';
import { functionKey, objectKey } from '../ownership/keys.js';
import { type OwnershipLines, ownershipText } from '../ownership/lines.js';
import { type AllRenames, assertBoundNames } from '../renames.js';
import { assertConvertible } from '../retypes.js';
import { type GivenValues, readExpansions } from './read-expansions.js';
import { refused } from './refused.js';

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
 * `NAME_contract`, which `up --contract` runs when the older version no longer runs. They are tried in shadow databases
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
  if (system.guards)
    throw guardRefused(
      `The guard ${system.name} has no columns of its own that could be changed in three steps.`,
      'Write a usual step: ashlar migrate new NAME, without --expand.',
    );
  return withDrafts(system, folder, options, (drafts, root) =>
    writeSteps({ system, root, name, options, drafts }),
  );
}

interface Writing {
  readonly system: SystemFacts;
  readonly root: string;
  readonly name: string;
  readonly options: NewExpansionOptions;
  readonly drafts: readonly Draft[];
}

const writeSteps = async ({
  system,
  root,
  name,
  options,
  drafts,
}: Writing): Promise<NewExpansion | undefined> => {
  const { fills = {}, backs = {} } = options;
  const keeps = await keptObjects(system, drafts, options);
  const asked = { tables: options.tableRenames ?? {}, columns: options.renames ?? {} };
  const comparisons = drafts.map((draft, at) => withoutKept(draft, keeps[at] ?? none, asked));
  const drops = [...(options.drops ?? []), ...Object.keys(backs)];
  const renames = await resolveRenames(system, comparisons, { ...options, drops }, unownedIn(drafts));
  const [renamed] = Object.entries(renames.tables);
  if (renamed) {
    throw new AshlarError('expansion-refused', {
      message: 'A renamed table cannot be split into expand and contract.',
      detail: `${renamed[0]} was ${renamed[1]}.`,
      facts: { table: renamed[0] },
      suggestion: 'Rename it in a step of its own, while no older version runs: ashlar migrate new NAME.',
    });
  }
  assertBoundNames(system, renames);
  const first = Number(await nextNumber(root));
  const steps = phases.map((phase, at) => `${String(first + at).padStart(4, '0')}_${name}_${phase}`);
  const used = new Set<string>();
  const written: Written[] = [];
  for (const [at, draft] of drafts.entries()) {
    const one = await tried({
      draft,
      steps,
      renames,
      keeps: keeps[at] ?? none,
      given: { fills, backs },
      used,
    });
    if (one) written.push(one);
  }
  assertUsed({ fills, backs }, used);
  if (written.length === 0) return undefined;
  for (const [at, phase] of phases.entries()) await write(root, steps[at] ?? '', phase, written);
  return {
    steps,
    changes: Object.fromEntries(
      written.map(({ engine, changes }) => [engine, phases.flatMap((phase) => changes[phase])]),
    ),
  };
};

const none: ReadonlySet<string> = new Set();

/** The changes of each step in one dialect, and what the first of them makes. */
interface Written {
  readonly engine: SqlName;
  readonly changes: Changes;
  readonly lines: OwnershipLines;
}

interface Tried {
  readonly draft: Draft;
  readonly steps: readonly string[];
  readonly renames: AllRenames;
  readonly keeps: ReadonlySet<string>;
  readonly given: GivenValues;
  /** The columns that change, of all dialects. */
  readonly used: Set<string>;
}

const tried = async ({ draft, steps, renames, keeps, given, used }: Tried): Promise<Written | undefined> => {
  // a rename is no rename in the schema: the old column and the new one exist side by side
  const planned = await planDraft(draft, { tables: {}, columns: {} }, keeps);
  const { comparison, model, lines, omitted } = planned;
  const { dialect } = comparison;
  assertConvertible(comparison, renames.columns, model);
  const expansions = readExpansions({ comparison, model, renames: renames.columns, given });
  const [other] = omitted.keys;
  if (other !== undefined) throw refused(expansions[0]?.after.name ?? other, `the ${other} changes as well`);
  if (expansions.length === 0) return undefined;
  const objects: string[] = [];
  const made = expansions.map((expansion) => {
    const { name: table } = expansion.after;
    for (const column of columnsOf(expansion)) used.add(`${table}.${column}`);
    const all = dialect.expansion(expansion);
    objects.push(
      ...all.objects.map(({ type, name }) =>
        type === 'function' ? functionKey(identifier(name)) : objectKey(type, name, table),
      ),
    );
    return all;
  });
  const changes: Changes = {
    expand: made.map(({ expand }) => expand),
    fill: made.map(({ fill }) => fill),
    contract: made.map(({ contract }) => contract),
  };
  const whole = phases.flatMap((phase) => changes[phase]);
  await tryDraft({ ...planned, renamedColumns: renames.columns }, steps.join(', '), {
    up: upText('the trial', whole),
    down: downText(
      'the trial',
      whole.filter(({ down }) => down.length > 0),
    ),
  });
  return { engine: dialect.name, changes, lines: { ...lines, makes: [...lines.makes, ...objects] } };
};

const columnsOf = (expansion: Expansion): readonly string[] =>
  expansion.kind === 'required'
    ? [expansion.to.name]
    : [...expansion.news, ...expansion.olds].map(({ column }) => column.name);

const nothing: OwnershipLines = { makes: [], keeps: [], renames: new Map() };

const write = async (
  root: string,
  step: string,
  phase: Phase,
  written: readonly Written[],
): Promise<void> => {
  const folder = join(root, step);
  await mkdir(folder, { recursive: true });
  for (const { engine, changes, lines } of written) {
    const ownership = ownershipText(phase === 'expand' ? lines : nothing);
    const undone = changes[phase].filter(({ down }) => down.length > 0);
    await writeFile(
      join(folder, `up.${engine}.sql`),
      directives[phase] + upText(step, changes[phase], ownership),
    );
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
