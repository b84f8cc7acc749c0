import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { AshlarError } from '../../../errors.js';
import { newSigner } from '../../../ledger/index.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';

interface Options {
  readonly name: string;
  readonly out: string;
}

/** `ashlar audit key new`. */
export const keyCommand = (commands: Commands): Command =>
  new Command('key')
    .description('keys that sign checkpoints')
    .addCommand(
      commands
        .make<Options>('new', 'a fresh pair: FILE.key for whoever signs, FILE.pub for everybody', run)
        .option('--name <name>', 'whose key it is, as a host name with a path', 'ashlar')
        .option('--out <file>', 'the files, without their ending', 'ledger'),
    );

const run = async (invocation: Invocation, { name, out }: Options): Promise<Answer> => {
  const signer = newSigner(name);
  const files = { key: `${out}.key`, public_key: `${out}.pub` };
  const write = async (file: string, text: string, mode: number) => {
    try {
      await writeFile(resolve(invocation.streams.directory, file), `${text}\n`, { flag: 'wx', mode });
    } catch (cause) {
      throw new AshlarError('usage', {
        message: `${file} cannot be written (${(cause as NodeJS.ErrnoException).code}).`,
        suggestion: 'Nothing is written over: choose other files with --out.',
        cause,
      });
    }
  };
  await write(files.key, signer.privateKey.reveal(), 0o600);
  await write(files.public_key, signer.verifierKey, 0o644);
  invocation.out.line(`LEDGER_KEY_FILE=${files.key}`);
  invocation.out.line(`LEDGER_PUBLIC_KEY=${signer.verifierKey}`);
  return { document: { ...files, verifier_key: signer.verifierKey } };
};
