import { Command } from 'commander';
import type { Commands } from '../command.js';
import { summaries } from '../command-names.js';
import { listRetentionCommand } from './retention/list.js';
import { purgeCommand } from './retention/purge.js';

/** `ashlar retention …`: shows the retention periods of tables, and purges expired rows. */
export function retentionCommand(commands: Commands): Command {
  return new Command('retention')
    .description(summaries.retention.description)
    .addCommand(listRetentionCommand(commands))
    .addCommand(purgeCommand(commands));
}
