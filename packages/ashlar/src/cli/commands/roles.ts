import { Command } from 'commander';
import type { Commands } from '../command.js';
import { summaries } from '../command-names.js';
import { applyCommand } from './roles/apply.js';
import { checkRolesCommand } from './roles/check.js';
import { rolesSqlCommand } from './roles/sql.js';

/** `ashlar roles …`: prints, applies and checks the rights of the roles of a PostgreSQL database. */
export function rolesCommand(commands: Commands): Command {
  return new Command('roles')
    .description(summaries.roles.description)
    .addCommand(rolesSqlCommand(commands))
    .addCommand(applyCommand(commands))
    .addCommand(checkRolesCommand(commands));
}
