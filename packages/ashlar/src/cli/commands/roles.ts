import { Command } from 'commander';
import type { Commands } from '../command.js';
import { applyCommand } from './roles/apply.js';
import { checkRolesCommand } from './roles/check.js';
import { rolesSqlCommand } from './roles/sql.js';

/** `ashlar roles …`: prints, applies and checks the rights of the roles of a PostgreSQL database. */
export function rolesCommand(commands: Commands): Command {
  return new Command('roles')
    .description('print, apply and check the rights of owner, application and auditor (Postgres)')
    .addCommand(rolesSqlCommand(commands))
    .addCommand(applyCommand(commands))
    .addCommand(checkRolesCommand(commands));
}
