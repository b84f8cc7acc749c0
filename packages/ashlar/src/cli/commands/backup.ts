import { Command } from 'commander';
import type { Commands } from '../command.js';
import { createCommand } from './backup/create.js';
import { keyCommand } from './backup/key.js';
import { listCommand } from './backup/list.js';
import { pruneCommand } from './backup/prune.js';
import { restoreCommand } from './backup/restore.js';
import { verifyCommand } from './backup/verify.js';

/** `ashlar backup …`: copies of a database that are known to restore. */
export function backupCommand(commands: Commands): Command {
  return new Command('backup')
    .description('encrypted copies of a database, verified by restoring them')
    .addCommand(createCommand(commands))
    .addCommand(listCommand(commands))
    .addCommand(verifyCommand(commands))
    .addCommand(restoreCommand(commands))
    .addCommand(pruneCommand(commands))
    .addCommand(keyCommand(commands));
}
