import type { Command } from 'commander';
import { down } from '../../../migrations/down.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { type LockOptions, lockBudget, withLockOptions } from '../../lock-options.js';
import { wholeNumber } from '../../option-values.js';
import { printLosses } from '../../print-losses.js';

interface Options extends LockOptions {
  readonly steps?: string;
  readonly to?: string;
  readonly destroy?: boolean;
}

/** `ashlar migrate down`: undoes the most recently applied migration steps. */
export function downCommand(commands: Commands): Command {
  return withLockOptions(
    commands
      .make<Options>('down', 'undo the last applied step, or several with --steps or --to', run)
      .option('--steps <n>', 'the number of steps to undo (default: 1)')
      .option('--to <step>', 'undo all steps that were applied after this step; base: undo all steps')
      .option('--destroy', 'also if rows or values are lost; without it nothing is undone then'),
  );
}

const run = async (invocation: Invocation, options: Options): Promise<Answer> => {
  const { out } = invocation;
  const steps = wholeNumber('--steps', options.steps);
  const system = await invocation.system();
  const undone = await invocation.withEngine(
    'owner',
    (engine) =>
      down(engine, system, {
        steps,
        ...lockBudget(out, options),
        to: options.to,
        destroy: options.destroy,
        onLosses: (reports) => printLosses(out, system, engine.dialect.name, reports),
        roles: invocation.roles(),
        onStep: (ran) => out.line(`${out.style('yellow', 'undone')} ${ran.step} (${ran.duration_ms} ms)`),
      }),
    { create: false, system },
  );
  if (undone.length === 0) out.line('nothing to do');
  return { document: { system: system.name, undone } };
};
