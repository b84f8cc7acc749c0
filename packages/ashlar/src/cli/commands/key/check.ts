import type { Command } from 'commander';
import { AshlarError } from '../../../errors.js';
import { findDatabaseKey } from '../../../keys/index.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';

interface Options {
  readonly newKeyFile?: string;
}

/** `ashlar key check`: finds the key that opens an encrypted database. */
export function checkCommand(commands: Commands): Command {
  return commands
    .make<Options>('check', 'find out which of the given keys opens the database; exit 3 if none does', run)
    .option('--new-key-file <file>', 'a file with a second key; or set NEW_DATABASE_KEY');
}

const run = async (invocation: Invocation, options: Options): Promise<Answer> => {
  const { url, key } = await invocation.target('app');
  const newKey = invocation.newDatabaseKey(options.newKeyFile);
  if (key === undefined && newKey === undefined) {
    throw new AshlarError('key-missing', {
      message: 'No key is given.',
      suggestion: 'Set DATABASE_KEY or DATABASE_KEY_FILE, or give --key-file.',
    });
  }
  const found = await findDatabaseKey(url, {
    ...(key === undefined ? {} : { current: key }),
    ...(newKey === undefined ? {} : { new: newKey }),
  });
  if (!found) {
    throw new AshlarError('key-wrong', {
      message: 'None of the given keys opens the database.',
      detail: 'No page of the file is encrypted with any of these keys.',
    });
  }
  const { name, fingerprint } = found;
  invocation.out.line(`The ${name} key opens the database. Its fingerprint is ${fingerprint}.`);
  return { document: { key: name, fingerprint } };
};
