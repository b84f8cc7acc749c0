import { Command } from 'commander';
import type { Commands } from '../command.js';
import { summaries } from '../command-names.js';
import { adoptStepCommand } from './migrate/adopt.js';
import { checkCommand } from './migrate/check.js';
import { downCommand } from './migrate/down.js';
import { dumpCommand } from './migrate/dump.js';
import { engineCommand } from './migrate/engine.js';
import { historyCommand } from './migrate/history.js';
import { newCommand } from './migrate/new.js';
import { planCommand } from './migrate/plan.js';
import { sqlCommand } from './migrate/sql.js';
import { stampCommand } from './migrate/stamp.js';
import { migrateUpCommand } from './migrate/up.js';

/** `ashlar migrate …`: plans, writes, applies and checks the migration steps of the schema. */
export function migrateCommand(commands: Commands): Command {
  return new Command('migrate')
    .description(summaries.migrate.description)
    .addCommand(planCommand(commands))
    .addCommand(newCommand(commands))
    .addCommand(adoptStepCommand(commands))
    .addCommand(migrateUpCommand(commands))
    .addCommand(downCommand(commands))
    .addCommand(sqlCommand(commands))
    .addCommand(checkCommand(commands))
    .addCommand(historyCommand(commands))
    .addCommand(stampCommand(commands))
    .addCommand(dumpCommand(commands))
    .addCommand(engineCommand(commands));
}
