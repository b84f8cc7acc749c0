import type { Command } from 'commander';
import type { Commands } from '../command.js';
import { summaries } from '../command-names.js';
import { guardCheckCommand } from './guard/check.js';
import { type FromOptions, runFrom } from './guard/from.js';
import { guardUpCommand } from './guard/up.js';

/** `ashlar guard …`: keeps guarantees on tables that another tool owns. */
export function guardCommand(commands: Commands): Command {
  return commands
    .make<FromOptions>('guard', summaries.guard.description, runFrom)
    .argument('[tables...]', 'with --from: tables with their guarantees, as orders:audited,scoped=org_id')
    .option('--from <tool>', 'write a guard: database, drizzle, prisma or kysely own the tables')
    .option('--dir <folder>', 'the folder of the guard and its migrations (default: src/guard)')
    .option('--name <name>', 'the name of the guard (default: that of the database)')
    .addCommand(guardUpCommand(commands))
    .addCommand(guardCheckCommand(commands));
}
