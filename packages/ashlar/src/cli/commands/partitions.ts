import { Command } from 'commander';
import type { Commands } from '../command.js';
import { ensureCommand } from './partitions/ensure.js';
import { listPartitionsCommand } from './partitions/list.js';
import { purgeCommand } from './partitions/purge.js';

/** `ashlar partitions …`: where rows lie, and when they leave. */
export const partitionsCommand = (commands: Commands): Command =>
  new Command('partitions')
    .description('the partitions of tables, and rows whose time is over')
    .addCommand(listPartitionsCommand(commands))
    .addCommand(ensureCommand(commands))
    .addCommand(purgeCommand(commands));
