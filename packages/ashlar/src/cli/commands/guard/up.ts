import type { Command } from 'commander';
import type { Commands } from '../../command.js';
import { guardsOf } from '../../guards.js';
import { runUp, type UpOptions, withUpOptions } from '../up.js';

/** `ashlar guard up`: puts the guards on the database, and restores what another tool's migration removed. */
export function guardUpCommand(commands: Commands): Command {
  return withUpOptions(
    commands.make<UpOptions>(
      'up',
      'apply the guard’s steps, restore what another tool’s migration removed, grant rights, attack; safe to repeat',
      async (invocation, options) => runUp(invocation, await guardsOf(invocation), options),
    ),
  );
}
