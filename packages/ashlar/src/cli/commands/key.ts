import { Command } from 'commander';
import type { Commands } from '../command.js';
import { summaries } from '../command-names.js';
import { checkCommand } from './key/check.js';
import { newCommand } from './key/new.js';
import { rotateColumnsCommand } from './key/rotate-columns.js';
import { rotateDataCommand } from './key/rotate-data.js';
import { rotateDatabaseCommand } from './key/rotate-database.js';
import { rotateScopeCommand } from './key/rotate-scope.js';
import { rotateSignerCommand } from './key/rotate-signer.js';
import { shredCommand } from './key/shred.js';

/** `ashlar key …`: creates, checks, rotates and shreds keys of databases, columns and checkpoints. */
export function keyCommand(commands: Commands): Command {
  return new Command('key')
    .description(summaries.key.description)
    .addCommand(newCommand(commands))
    .addCommand(checkCommand(commands))
    .addCommand(
      new Command('rotate')
        .description(
          'change the key of the database, of its columns, of a scope’s data, of sessions, or of checkpoints',
        )
        .addCommand(rotateDatabaseCommand(commands))
        .addCommand(rotateColumnsCommand(commands))
        .addCommand(rotateDataCommand(commands))
        .addCommand(rotateSignerCommand(commands))
        .addCommand(rotateScopeCommand(commands)),
    )
    .addCommand(shredCommand(commands));
}
