import type { Command } from 'commander';
import { AshlarError } from '../../../errors.js';
import { rotateDatabaseKey } from '../../../keys/index.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';

interface Options {
  readonly newKeyFile?: string;
}

/** `ashlar key rotate database`. */
export function rotateDatabaseCommand(commands: Commands): Command {
  return commands
    .make<Options>(
      'database',
      'write an encrypted file anew under another key, and put it in place; nobody may have it open',
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
      message: 'No new key was given.',
      suggestion: 'Make one with ashlar key new --out new.key, and give --new-key-file new.key.',
    });
  }
  const { outcome, path, rows, keyFingerprint } = await rotateDatabaseKey(target, newKey);
  const count = Object.values(rows).reduce((sum, each) => sum + each, 0);
  out.line(
    outcome === 'rotated'
      ? `${path} is under the new key, with all of its ${count} rows. The key’s fingerprint is ${keyFingerprint}.`
      : `${path} was under the new key already: nothing was done. The key’s fingerprint is ${keyFingerprint}.`,
  );
  out.note('From now on only the new key opens it: put it where DATABASE_KEY or DATABASE_KEY_FILE is set.');
  out.note(
    'Copies of the file from before open with the old one alone; what ashlar backup made needs neither.',
  );
  return { document: { outcome, path, rows, key_fingerprint: keyFingerprint } };
};
