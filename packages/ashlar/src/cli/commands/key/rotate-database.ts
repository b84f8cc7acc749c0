import type { Command } from 'commander';
import { AshlarError } from '../../../errors.js';
import { rotateDatabaseKey } from '../../../keys/index.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';

interface Options {
  readonly newKeyFile?: string;
}

/** `ashlar key rotate database`: re-encrypts a database file with a new key. */
export function rotateDatabaseCommand(commands: Commands): Command {
  return commands
    .make<Options>(
      'database',
      'encrypt a database file with another key; no other process may have the file open',
      run,
    )
    .option('--new-key-file <file>', 'a file with the new key; or set NEW_DATABASE_KEY');
}

const run = async (invocation: Invocation, { newKeyFile }: Options): Promise<Answer> => {
  const { out } = invocation;
  const target = await invocation.target('owner');
  const newKey = invocation.newDatabaseKey(newKeyFile);
  if (newKey === undefined) {
    throw new AshlarError('usage', {
      message: 'No new key is given.',
      suggestion: 'Create one with `ashlar key new --out new.key`, and give --new-key-file new.key.',
    });
  }
  const { outcome, path, rows, keyFingerprint } = await rotateDatabaseKey(target, newKey);
  const count = Object.values(rows).reduce((sum, each) => sum + each, 0);
  out.line(
    outcome === 'rotated'
      ? `${path} is encrypted with the new key, with all its ${count} rows. The fingerprint of the key is ${keyFingerprint}.`
      : `${path} is already encrypted with the new key: nothing was done. The fingerprint of the key is ${keyFingerprint}.`,
  );
  out.note('Only the new key opens the file now: change DATABASE_KEY or DATABASE_KEY_FILE.');
  out.note(
    'Earlier copies of the file open only with the old key; backups created by `ashlar backup` need neither key.',
  );
  return { document: { outcome, path, rows, key_fingerprint: keyFingerprint } };
};
