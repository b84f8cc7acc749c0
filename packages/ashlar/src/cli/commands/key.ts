import { Command } from 'commander';
import type { Commands } from '../command.js';
import { checkCommand } from './key/check.js';
import { newCommand } from './key/new.js';
import { rotateColumnsCommand } from './key/rotate-columns.js';
import { rotateDataCommand } from './key/rotate-data.js';
import { rotateDatabaseCommand } from './key/rotate-database.js';
import { rotateSignerCommand } from './key/rotate-signer.js';
import { shredCommand } from './key/shred.js';

/** `ashlar key …`: the keys of the database, of ciphered columns, and of checkpoints. */
export function keyCommand(commands: Commands): Command {
  return new Command('key')
    .description('keys: make, look which fits, change, erase')
    .addCommand(newCommand(commands))
    .addCommand(checkCommand(commands))
    .addCommand(
      new Command('rotate')
        .description('another key for the database, its columns, a scope, or whoever signs')
        .addCommand(rotateDatabaseCommand(commands))
        .addCommand(rotateColumnsCommand(commands))
        .addCommand(rotateDataCommand(commands))
        .addCommand(rotateSignerCommand(commands)),
    )
    .addCommand(shredCommand(commands));
}
