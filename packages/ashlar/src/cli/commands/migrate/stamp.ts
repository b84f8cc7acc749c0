import type { Command } from 'commander';
import { stamp } from '../../../migrations/stamp.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';

interface Options {
  readonly forget?: boolean;
  readonly actor?: string;
  readonly unchecked?: boolean;
}

/**
 * `ashlar migrate stamp`: adds migration steps to the history, or removes one step from it, without running their SQL.
 */
export function stampCommand(commands: Commands): Command {
  return commands
    .make<Options>('stamp', 'record a step (head: all steps) as applied, without running it', run)
    .argument('<step>', 'a step, or head')
    .option('--forget', 'remove the step from the history instead')
    .option('--unchecked', 'record it without comparing the database with what the steps make')
    .option(
      '--actor <name>',
      'the actor to record in the history (default: the user of the operating system)',
    );
}

const run = async (invocation: Invocation, options: Options, step = 'head'): Promise<Answer> => {
  const { out } = invocation;
  const system = await invocation.system();
  const changed = await invocation.withEngine('owner', (engine) => stamp(engine, system, step, options));
  for (const name of changed) out.line(`${options.forget ? 'removed' : 'stamped'} ${name}`);
  if (changed.length === 0) out.line('nothing to do');
  return { document: { system: system.name, [options.forget ? 'forgotten' : 'stamped']: changed } };
};
