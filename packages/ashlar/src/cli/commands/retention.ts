import { Command } from 'commander';
import type { Commands } from '../command.js';
import { listRetentionCommand } from './retention/list.js';
import { purgeCommand } from './retention/purge.js';

/** `ashlar retention …`: how long rows stay, and deleting those that have expired. */
export function retentionCommand(commands: Commands): Command {
  return new Command('retention')
    .description('show how long rows stay, and purge those that have expired')
    .addCommand(listRetentionCommand(commands))
    .addCommand(purgeCommand(commands));
}
