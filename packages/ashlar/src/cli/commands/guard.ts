import { Command } from 'commander';
import type { Commands } from '../command.js';
import { summaries } from '../command-names.js';
import { guardCheckCommand } from './guard/check.js';
import { guardUpCommand } from './guard/up.js';

/** `ashlar guard …`: keeps guarantees on tables that another tool owns. */
export function guardCommand(commands: Commands): Command {
  return new Command('guard')
    .description(summaries.guard.description)
    .addCommand(guardUpCommand(commands))
    .addCommand(guardCheckCommand(commands));
}
