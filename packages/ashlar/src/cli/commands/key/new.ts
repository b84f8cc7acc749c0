import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { writeNew } from '../../write-new.js';

interface Options {
  readonly out: string;
}

/** `ashlar key new`: creates a random key for an encrypted database. */
export function newCommand(commands: Commands): Command {
  return commands
    .make<Options>(
      'new',
      'create a random key for an encrypted database, in a file that only you can read',
      run,
    )
    .option('--out <file>', 'the new file', 'database.key');
}

const run = async (invocation: Invocation, { out: file }: Options): Promise<Answer> => {
  await writeNew(invocation, file, `${randomBytes(32).toString('hex')}\n`, 0o600);
  invocation.out.line(`DATABASE_KEY_FILE=${file}`);
  return { document: { key_file: file } };
};
