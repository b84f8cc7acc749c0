import { relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { AshlarError } from '../errors.js';
import type { Decide } from '../migrations/decisions.js';
import type { NewStep, NewStepOptions } from '../migrations/new-step.js';
import type { DecideObject, ObjectAnswer } from '../migrations/ownership/unknown.js';
import type { Invocation } from './invocation.js';
import { collect } from './option-values.js';

/** The options of the commands that write a step: what happened to tables and columns, and where the step goes. */
export interface StepOptions {
  readonly rename?: readonly string[];
  readonly renameTable?: readonly string[];
  readonly drop?: readonly string[];
  readonly dropTable?: readonly string[];
  readonly keep?: readonly string[];
  readonly dropObject?: readonly string[];
  readonly folder?: string;
}

/** Adds the options of {@link StepOptions} to a command. */
export function withStepOptions(command: Command): Command {
  return command
    .option('--rename <table.old:new>', 'treat this column as renamed (repeatable)', collect)
    .option('--rename-table <old:new>', 'treat this table as renamed (repeatable)', collect)
    .option('--drop <table.column>', 'treat this missing column as dropped (repeatable)', collect)
    .option('--drop-table <table>', 'treat this missing table as dropped (repeatable)', collect)
    .option('--keep <object>', 'keep this object of an older step (repeatable)', collect)
    .option('--drop-object <object>', 'drop this object of an older step (repeatable)', collect)
    .option('--folder <path>', 'the migrations folder (default: the one of the system)');
}

/** Returns the folder that a step is written into: the option, from the current folder, or that of the system. */
export function stepFolder(
  { streams }: Invocation,
  { folder }: StepOptions,
  system: { readonly migrations: URL },
): URL | string {
  return folder === undefined ? system.migrations : resolve(streams.directory, folder);
}

/** Returns what the options decide about a step; on a terminal the rest is asked. */
export async function decisionsOf(
  invocation: Invocation,
  options: StepOptions,
  folder: URL | string,
): Promise<NewStepOptions> {
  const { out, streams } = invocation;
  const isAsking = streams.interactive && !out.json;
  return {
    objects: {
      ...answered(options.keep ?? [], 'keep'),
      ...answered(options.dropObject ?? [], 'drop'),
    },
    decideObject: isAsking ? askAboutObject(invocation) : undefined,
    renames: parseRenames(options.rename ?? []),
    tableRenames: parseTableRenames(options.renameTable ?? []),
    drops: [
      ...parseDrops('--drop', /^\w+\.[^.:=]+$/, options.drop),
      ...parseDrops('--drop-table', /^\w+$/, options.dropTable),
    ],
    decide: isAsking ? ask(invocation) : undefined,
    engines: await invocation.engines(folder),
  };
}

/** Returns a path from the current folder. */
export function inFolder({ streams }: Invocation, path: string): string {
  return relative(streams.directory, path) || path;
}

/** Prints what a step changes in each dialect; what is dangerous, beside the output. */
export function printChanges({ out }: Invocation, changes: NewStep['changes']): void {
  for (const [dialect, all] of Object.entries(changes)) {
    for (const { summary, danger } of all) {
      out.line(`  ${dialect.padEnd(9)}${summary}`);
      if (danger !== undefined)
        out.note(`${out.styleNote('yellow', 'careful')} ${dialect}: ${summary}: ${danger}`);
    }
  }
}

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
    const [, table, from, to] = /^(\w+)\.([^.:]+):([^.:]+)$/.exec(text) ?? [];
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
