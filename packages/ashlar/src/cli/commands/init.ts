import type { Command } from 'commander';
import { AshlarError } from '../../errors.js';
import type { Answer, Commands } from '../command.js';
import { summaries } from '../command-names.js';
import { type Options, prepare } from '../init/prepare.js';
import { printOutcome } from '../init/print.js';
import { Changes } from '../init/undo.js';
import { write } from '../init/write.js';
import type { Invocation } from '../invocation.js';

/** `ashlar init`: starts a project, with a first table that has a guarantee, its step and its test. */
export function initCommand(commands: Commands): Command {
  return commands
    .make<Options>('init', summaries.init.description, run)
    .option('--engine <name>', 'sqlite, pglite or postgres')
    .option('--dir <folder>', 'the folder of the tables and the migrations')
    .option('--language <name>', 'typescript or javascript (default: that of the project)')
    .option('--runner <name>', 'vitest or node: what runs the test (default: that of the project)')
    .option('--install', 'install the packages that are missing')
    .option('--no-install', 'print the commands that install them')
    .option('--yes', 'ask nothing');
}

const run = async (invocation: Invocation, options: Options): Promise<Answer> => {
  const plan = await prepare(invocation, options);
  const changes = new Changes();
  try {
    const made = await write(invocation, plan, changes);
    return { document: printOutcome(invocation, plan, made) };
  } catch (error) {
    await changes.undo();
    if (error instanceof AshlarError) throw error;
    throw new AshlarError('init-failed', {
      message: 'A file cannot be written. What ashlar init had written was removed.',
      detail: error instanceof Error ? error.message : String(error),
      suggestion: 'Remove the cause, and run ashlar init again.',
      cause: error,
    });
  }
};
