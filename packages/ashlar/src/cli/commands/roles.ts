import { Command } from 'commander';
import type { Commands } from '../command.js';
import { applyCommand } from './roles/apply.js';
import { checkRolesCommand } from './roles/check.js';
import { rolesSqlCommand } from './roles/sql.js';

/** `ashlar roles …`: who may do what. */
export function rolesCommand(commands: Commands): Command {
  return new Command('roles')
    .description('owner, app and auditor, and their rights')
    .addCommand(rolesSqlCommand(commands))
    .addCommand(applyCommand(commands))
    .addCommand(checkRolesCommand(commands));
}
