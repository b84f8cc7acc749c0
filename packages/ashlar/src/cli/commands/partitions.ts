import { Command } from 'commander';
import type { Commands } from '../command.js';
import { summaries } from '../command-names.js';
import { ensureCommand } from './partitions/ensure.js';
import { listPartitionsCommand } from './partitions/list.js';

/** `ashlar partitions …`: lists the monthly partitions of tables, and creates those that will be needed. */
export function partitionsCommand(commands: Commands): Command {
  return new Command('partitions')
    .description(summaries.partitions.description)
    .addCommand(listPartitionsCommand(commands))
    .addCommand(ensureCommand(commands));
}
