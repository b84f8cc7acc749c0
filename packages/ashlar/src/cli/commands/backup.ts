import { Command } from 'commander';
import type { Commands } from '../command.js';
import { summaries } from '../command-names.js';
import { createCommand } from './backup/create.js';
import { keyCommand } from './backup/key.js';
import { listCommand } from './backup/list.js';
import { pruneCommand } from './backup/prune.js';
import { restoreCommand } from './backup/restore.js';
import { verifyCommand } from './backup/verify.js';

/** `ashlar backup …`: creates, verifies and restores encrypted copies of a database. */
export function backupCommand(commands: Commands): Command {
  return new Command('backup')
    .description(summaries.backup.description)
    .addCommand(createCommand(commands))
    .addCommand(listCommand(commands))
    .addCommand(verifyCommand(commands))
    .addCommand(restoreCommand(commands))
    .addCommand(pruneCommand(commands))
    .addCommand(keyCommand(commands));
}
