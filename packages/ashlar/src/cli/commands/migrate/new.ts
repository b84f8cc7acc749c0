import { relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { AshlarError } from '../../../errors.js';
import { type Decide, dropAll, newStep } from '../../../migrations/index.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { collect } from '../../option-values.js';

interface Options {
  readonly rename?: readonly string[];
  readonly drop?: boolean;
  readonly empty?: boolean;
  readonly folder?: string;
}

/** `ashlar migrate new`: writes a migration step that makes the migrated schema match the declared tables. */
export function newCommand(commands: Commands): Command {
  return commands
    .make<Options>('new', 'write the step that changes the migrated schema to the declared tables', run)
    .argument('<name>', 'what the step does, in snake_case')
    .option('--rename <table.old:new>', 'treat this column as renamed (repeatable)', collect)
    .option('--drop', 'treat missing columns as dropped, not as renamed')
    .option('--empty', 'write empty files to fill in by hand')
    .option('--folder <path>', 'the migrations folder (default: the one of the system)');
}

const run = async (invocation: Invocation, options: Options, name = ''): Promise<Answer> => {
  const { out, streams } = invocation;
  const system = await invocation.system();
  const folder =
    options.folder === undefined ? system.migrations : resolve(streams.directory, options.folder);
  const step = await newStep(system, folder, name, {
    renames: parseRenames(options.rename ?? []),
    decide: options.drop ? dropAll : streams.interactive && !out.json ? ask(invocation) : undefined,
    empty: options.empty,
    engines: await invocation.engines(folder),
  });
  if (!step) {
    out.line('nothing to do: the migrations match the declared tables');
    return { document: { system: system.name, step: null, changes: {} } };
  }
  out.line(`wrote ${relative(streams.directory, step.folder) || step.folder}`);
  for (const [dialect, changes] of Object.entries(step.changes)) {
    for (const { summary, danger } of changes) {
      out.line(`  ${dialect.padEnd(9)}${summary}`);
      if (danger !== undefined)
        out.note(`${out.styleNote('yellow', 'careful')} ${dialect}: ${summary}: ${danger}`);
    }
  }
  return { document: { system: system.name, step: step.name, changes: step.changes } };
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

const ask =
  ({ streams }: Invocation): Decide =>
  async ({ table, lost, candidates }) => {
    const { isCancel, select } = await import('@clack/prompts');
    const answer = await select<string>({
      message: `What happened to ${table}.${lost}?`,
      options: [
        ...candidates.map((name) => ({
          value: name,
          label: `it was renamed to ${name}; its values are kept`,
        })),
        { value: '', label: 'it was dropped; its values are lost' },
      ],
      input: streams.stdin,
      output: streams.stderr,
    });
    if (isCancel(answer)) throw new AshlarError('usage', { message: 'Cancelled. Nothing was written.' });
    return answer === '' ? undefined : answer;
  };
