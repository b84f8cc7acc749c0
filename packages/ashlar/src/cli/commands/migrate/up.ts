import type { Command } from 'commander';
import { up } from '../../../migrations/up.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { type LockOptions, lockBudget, withLockOptions } from '../../lock-options.js';
import { printGrants } from '../../print-grants.js';
import { contractHelp, stepProgress } from '../../step-progress.js';

interface Options extends LockOptions {
  readonly to?: string;
  readonly allowLate?: boolean;
  readonly contract?: boolean;
  readonly actor?: string;
}

/** `ashlar migrate up`: applies the pending migration steps, without the further work of `ashlar up`. */
export function migrateUpCommand(commands: Commands): Command {
  return withLockOptions(
    commands
      .make<Options>('up', 'apply pending steps', run)
      .option('--to <step>', 'only up to this step')
      .option('--contract', contractHelp)
      .option('--allow-late', 'include steps that sort before an applied step')
      .option(
        '--actor <name>',
        'the actor to record in the history (default: the user of the operating system)',
      ),
  );
}

const run = async (
  invocation: Invocation,
  { to, allowLate, contract, actor, ...locks }: Options,
): Promise<Answer> => {
  const { out } = invocation;
  const documents: unknown[] = [];
  for (const system of await invocation.systems()) {
    out.line(out.style('bold', system.name));
    const applied = await invocation.withEngine(
      'owner',
      (engine) =>
        up(engine, system, {
          to,
          allowLate,
          contract,
          actor,
          ...lockBudget(out, locks),
          roles: invocation.roles(),
          onRoles: (changes) => printGrants(out, invocation.roles(), changes),
          ...stepProgress(out),
        }),
      { createFolder: true, system },
    );
    if (applied.length === 0) out.line('  nothing to do');
    documents.push({ system: system.name, applied });
  }
  return { document: { systems: documents } };
};
