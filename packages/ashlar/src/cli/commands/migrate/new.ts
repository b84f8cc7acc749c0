import { join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { AshlarError } from '../../../errors.js';
import type { Decide } from '../../../migrations/decisions.js';
import { newExpansion } from '../../../migrations/expand/new-expansion.js';
import { type NewStep, type NewStepOptions, newStep } from '../../../migrations/new-step.js';
import type { DecideObject, ObjectAnswer } from '../../../migrations/ownership/unknown.js';
import { folderPath } from '../../../migrations/steps.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { collect } from '../../option-values.js';

interface Options {
  readonly rename?: readonly string[];
  readonly renameTable?: readonly string[];
  readonly drop?: readonly string[];
  readonly dropTable?: readonly string[];
  readonly keep?: readonly string[];
  readonly dropObject?: readonly string[];
  readonly empty?: boolean;
  readonly expand?: boolean;
  readonly fill?: readonly string[];
  readonly back?: readonly string[];
  readonly folder?: string;
}

/** `ashlar migrate new`: writes a migration step that makes the migrated schema match the declared tables. */
export function newCommand(commands: Commands): Command {
  return commands
    .make<Options>('new', 'write the step that changes the migrated schema to the declared tables', run)
    .argument('<name>', 'what the step does, in snake_case')
    .option('--rename <table.old:new>', 'treat this column as renamed (repeatable)', collect)
    .option('--rename-table <old:new>', 'treat this table as renamed (repeatable)', collect)
    .option('--drop <table.column>', 'treat this missing column as dropped (repeatable)', collect)
    .option('--drop-table <table>', 'treat this missing table as dropped (repeatable)', collect)
    .option('--expand', 'write three steps between which an older and a newer version of the application run')
    .option(
      '--fill <table.column=SQL>',
      'with --expand: the value of a new column, or in place of NULL (repeatable)',
      collect,
    )
    .option(
      '--back <table.column=SQL>',
      'with --expand: the value of a column that goes, for the older version (repeatable)',
      collect,
    )
    .option('--keep <object>', 'keep this object of an older step (repeatable)', collect)
    .option('--drop-object <object>', 'drop this object of an older step (repeatable)', collect)
    .option('--empty', 'write empty files to fill in by hand')
    .option('--folder <path>', 'the migrations folder (default: the one of the system)');
}

const run = async (invocation: Invocation, options: Options, name = ''): Promise<Answer> => {
  const { out, streams } = invocation;
  const system = await invocation.system();
  const folder =
    options.folder === undefined ? system.migrations : resolve(streams.directory, options.folder);
  const isAsking = streams.interactive && !out.json;
  const decisions: NewStepOptions = {
    objects: {
      ...answered(options.keep ?? [], 'keep'),
      ...answered(options.dropObject ?? [], 'drop'),
    },
    decideObject: isAsking ? askAboutObject(invocation) : undefined,
    renames: parseRenames(options.rename ?? []),
    tableRenames: parseTableRenames(options.renameTable ?? []),
    drops: [
      ...parseDrops('--drop', /^\w+\.\w+$/, options.drop),
      ...parseDrops('--drop-table', /^\w+$/, options.dropTable),
    ],
    decide: isAsking ? ask(invocation) : undefined,
    engines: await invocation.engines(folder),
  };
  const fills = parseValues('--fill', options.fill);
  const backs = parseValues('--back', options.back);
  if (options.expand) {
    const expansion = await newExpansion(system, folder, name, { ...decisions, fills, backs });
    if (!expansion) return nothing(invocation, system.name);
    for (const step of expansion.steps)
      out.line(`wrote ${inFolder(invocation, join(folderPath(folder), step))}`);
    printChanges(invocation, expansion.changes);
    out.line('deploy: ashlar up, replace the processes of the older version, ashlar up --contract');
    return { document: { system: system.name, steps: expansion.steps, changes: expansion.changes } };
  }
  if (Object.keys({ ...fills, ...backs }).length > 0) {
    throw new AshlarError('usage', {
      message: '--fill and --back need --expand.',
      suggestion: 'A usual step takes no values; write them into its file.',
    });
  }
  const step = await newStep(system, folder, name, { ...decisions, empty: options.empty });
  if (!step) return nothing(invocation, system.name);
  out.line(`wrote ${inFolder(invocation, step.folder)}`);
  printChanges(invocation, step.changes);
  for (const object of step.kept) out.note(`kept, because no table declares it: ${object}`);
  return { document: { system: system.name, step: step.name, changes: step.changes, kept: step.kept } };
};

const nothing = ({ out }: Invocation, system: string): Answer => {
  out.line('nothing to do: the migrations match the declared tables');
  return { document: { system, step: null, changes: {} } };
};

const inFolder = ({ streams }: Invocation, path: string): string => relative(streams.directory, path) || path;

const printChanges = ({ out }: Invocation, changes: NewStep['changes']): void => {
  for (const [dialect, all] of Object.entries(changes)) {
    for (const { summary, danger } of all) {
      out.line(`  ${dialect.padEnd(9)}${summary}`);
      if (danger !== undefined)
        out.note(`${out.styleNote('yellow', 'careful')} ${dialect}: ${summary}: ${danger}`);
    }
  }
};

/** `table.column=SQL` → table.column → SQL. @throws AshlarError `usage` */
const parseValues = (option: string, given: readonly string[] = []): Record<string, string> =>
  Object.fromEntries(
    given.map((text) => {
      const [, column, sql] = /^(\w+\.\w+)=(.+)$/s.exec(text) ?? [];
      if (column !== undefined && sql !== undefined) return [column, sql.trim()] as const;
      throw new AshlarError('usage', {
        message: `Invalid value of ${option}: ${text}.`,
        suggestion: `Write ${option} "table.column=SQL"`,
      });
    }),
  );
const answered = (objects: readonly string[], answer: ObjectAnswer): Record<string, ObjectAnswer> =>
  Object.fromEntries(objects.map((object) => [object, answer]));

const askAboutObject =
  ({ streams }: Invocation): DecideObject =>
  async (object) => {
    const { isCancel, select } = await import('@clack/prompts');
    const answer = await select<ObjectAnswer>({
      message: `No table declares ${object}, which an older step makes. What happens to it?`,
      options: [
        { value: 'keep', label: 'it stays: a person made it' },
        { value: 'drop', label: 'it is dropped: an earlier declaration made it' },
      ],
      input: streams.stdin,
      output: streams.stderr,
    });
    if (isCancel(answer)) throw cancelled();
    return answer;
  };

/** `table.old:new` → table → { new: old }. @throws AshlarError `usage` */
const parseRenames = (given: readonly string[]): Record<string, Record<string, string>> => {
  const renames: Record<string, Record<string, string>> = {};
  for (const text of given) {
    const [, table, from, to] = /^(\w+)\.(\w+):(\w+)$/.exec(text) ?? [];
    if (table === undefined || from === undefined || to === undefined) {
      throw new AshlarError('usage', {
        message: `Invalid value of --rename: ${text}.`,
        suggestion: 'Write --rename table.old:new',
      });
    }
    renames[table] = { ...renames[table], [to]: from };
  }
  return renames;
};

/** `old:new` → { new: old }. @throws AshlarError `usage` */
const parseTableRenames = (given: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    given.map((text) => {
      const [, from, to] = /^(\w+):(\w+)$/.exec(text) ?? [];
      if (from !== undefined && to !== undefined) return [to, from] as const;
      throw new AshlarError('usage', {
        message: `Invalid value of --rename-table: ${text}.`,
        suggestion: 'Write --rename-table old:new',
      });
    }),
  );

/** @throws AshlarError `usage` */
const parseDrops = (option: string, form: RegExp, given: readonly string[] = []): readonly string[] => {
  const wrong = given.find((text) => !form.test(text));
  if (wrong === undefined) return given;
  throw new AshlarError('usage', {
    message: `Invalid value of ${option}: ${wrong}.`,
    suggestion: `Write ${option} ${option === '--drop' ? 'table.column' : 'table'}`,
  });
};

const cancelled = (): AshlarError => new AshlarError('usage', { message: 'Cancelled. Nothing was written.' });

const ask =
  ({ streams }: Invocation): Decide =>
  async ({ table, column, candidates }) => {
    const { isCancel, select } = await import('@clack/prompts');
    const kept = column === undefined ? 'rows' : 'values';
    const answer = await select<string>({
      message: `What happened to ${column === undefined ? `the table ${table}` : `${table}.${column}`}?`,
      options: [
        ...candidates.map(({ name, differs }) => ({
          value: name,
          label: `it was renamed to ${name}; its ${kept} are kept${differs ? ` (${differs})` : ''}`,
        })),
        { value: '', label: `it was dropped; its ${kept} are lost` },
        { value: '-', label: 'neither: cancel, and write nothing' },
      ],
      input: streams.stdin,
      output: streams.stderr,
    });
    if (isCancel(answer) || answer === '-') throw cancelled();
    return answer === '' ? undefined : answer;
  };
