import { Command } from 'commander';
import type { Commands } from '../command.js';
import { listRetentionCommand } from './retention/list.js';
import { purgeCommand } from './retention/purge.js';

/** `ashlar retention …`: shows the retention periods of tables, and purges expired rows. */
export function retentionCommand(commands: Commands): Command {
  return new Command('retention')
    .description('show the retention periods of tables, and purge expired rows')
    .addCommand(listRetentionCommand(commands))
    .addCommand(purgeCommand(commands));
}
