import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { writeNew } from '../../write-new.js';

interface Options {
  readonly out?: string;
  readonly scope?: boolean;
}

/** `ashlar key new`: creates a random key for an encrypted database, or with `--scope` one that signs scopes. */
export function newCommand(commands: Commands): Command {
  return commands
    .make<Options>(
      'new',
      'create a random key for an encrypted database, in a file that only you can read',
      run,
    )
    .option('--scope', 'create a SCOPE_KEY, which signs actor and scope of sessions on PostgreSQL')
    .option('--out <file>', 'the new file (default: database.key, or scope.key)');
}

const run = async (invocation: Invocation, { scope, out: given }: Options): Promise<Answer> => {
  const file = given ?? (scope ? 'scope.key' : 'database.key');
  await writeNew(invocation, file, `${randomBytes(32).toString('hex')}\n`, 0o600);
  invocation.out.line(`${scope ? 'SCOPE' : 'DATABASE'}_KEY_FILE=${file}`);
  return { document: { key_file: file } };
};
