import { join } from 'node:path';
import type { Command } from 'commander';
import { AshlarError } from '../../../errors.js';
import { newExpansion } from '../../../migrations/expand/new-expansion.js';
import { newStep } from '../../../migrations/new-step.js';
import { folderPath } from '../../../migrations/steps.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { collect } from '../../option-values.js';
import {
  decisionsOf,
  inFolder,
  printChanges,
  type StepOptions,
  stepFolder,
  withStepOptions,
} from '../../step-decisions.js';

interface Options extends StepOptions {
  readonly empty?: boolean;
  readonly expand?: boolean;
  readonly fill?: readonly string[];
  readonly back?: readonly string[];
}

/** `ashlar migrate new`: writes a migration step that makes the migrated schema match the declared tables. */
export function newCommand(commands: Commands): Command {
  return withStepOptions(
    commands
      .make<Options>('new', 'write the step that changes the migrated schema to the declared tables', run)
      .argument('<name>', 'what the step does, in snake_case')
      .option(
        '--expand',
        'write three steps between which an older and a newer version of the application run',
      )
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
      .option('--empty', 'write empty files to fill in by hand'),
  );
}

const run = async (invocation: Invocation, options: Options, name = ''): Promise<Answer> => {
  const { out } = invocation;
  const system = await invocation.system();
  const folder = stepFolder(invocation, options, system);
  const decisions = await decisionsOf(invocation, options, folder);
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

/** `table.column=SQL` → table.column → SQL. @throws AshlarError `usage` */
const parseValues = (option: string, given: readonly string[] = []): Record<string, string> =>
  Object.fromEntries(
    given.map((text) => {
      const [, column, sql] = /^(\w+\.[^.:=]+)=(.+)$/s.exec(text) ?? [];
      if (column !== undefined && sql !== undefined) return [column, sql.trim()] as const;
      throw new AshlarError('usage', {
        message: `Invalid value of ${option}: ${text}.`,
        suggestion: `Write ${option} "table.column=SQL"`,
      });
    }),
  );
