import { Command } from 'commander';
import type { Commands } from '../command.js';
import { ensureCommand } from './partitions/ensure.js';
import { listPartitionsCommand } from './partitions/list.js';

/** `ashlar partitions …`: the monthly partitions of tables. */
export function partitionsCommand(commands: Commands): Command {
  return new Command('partitions')
    .description('list the partitions of tables, and create those that will be needed')
    .addCommand(listPartitionsCommand(commands))
    .addCommand(ensureCommand(commands));
}
