import { Command } from 'commander';
import type { Commands } from '../command.js';
import { ensureCommand } from './partitions/ensure.js';
import { listPartitionsCommand } from './partitions/list.js';

/** `ashlar partitions …`: lists the monthly partitions of tables, and creates those that will be needed. */
export function partitionsCommand(commands: Commands): Command {
  return new Command('partitions')
    .description('list the partitions of tables, and create partitions ahead of time')
    .addCommand(listPartitionsCommand(commands))
    .addCommand(ensureCommand(commands));
}
