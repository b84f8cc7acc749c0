import { resolve } from 'node:path';
import { Command } from 'commander';
import { AshlarError } from '../../../errors.js';
import { readFileOrPipe } from '../../../files/read.js';
import { newSigner, openHandover } from '../../../ledger/index.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { writeNew } from '../../write-new.js';

interface Options {
  readonly name: string;
  readonly out: string;
}

/** `ashlar ledger key new | accept`: creates keys that sign checkpoints, and accepts handovers to new keys. */
export function keyCommand(commands: Commands): Command {
  return new Command('key')
    .description('create and accept keys that sign checkpoints')
    .addCommand(
      commands
        .make<Options>(
          'new',
          'create a key pair: FILE.key to sign with (keep it secret), FILE.pub to verify with',
          run,
        )
        .option('--name <name>', 'the name that the key contains: a host name with a path', 'ashlar')
        .option('--out <file>', 'the path of both files, without the extension', 'ledger'),
    )
    .addCommand(
      commands
        .make(
          'accept',
          'verify a handover, and print the trusted keys with the new one; exit 1 if it is not valid',
          accept,
        )
        .argument('<file>', 'the handover file that `ashlar key rotate signer` wrote'),
    );
}

const run = async (invocation: Invocation, { name, out }: Options): Promise<Answer> => {
  const signer = newSigner(name);
  const files = { key: `${out}.key`, public_key: `${out}.pub` };
  await writeNew(invocation, files.key, `${signer.privateKey.reveal()}\n`, 0o600);
  await writeNew(invocation, files.public_key, `${signer.verifierKey}\n`, 0o644);
  invocation.out.line(`LEDGER_KEY_FILE=${files.key}`);
  invocation.out.line(`LEDGER_PUBLIC_KEY=${signer.verifierKey}`);
  return { document: { ...files, verifier_key: signer.verifierKey } };
};

const accept = async (invocation: Invocation, _: unknown, file = ''): Promise<Answer> => {
  let note: Uint8Array;
  try {
    note = readFileOrPipe(resolve(invocation.streams.directory, file));
  } catch (cause) {
    throw new AshlarError('usage', { message: `${file} cannot be read.`, cause });
  }
  const { verifiers } = invocation.ledgerKeys();
  const { verifierKey } = openHandover(note, verifiers);
  const keys = [...new Set([...verifiers.map((one) => one.verifierKey), verifierKey])];
  invocation.out.line(`LEDGER_PUBLIC_KEY=${keys.join(' ')}`);
  return { document: { verifier_key: verifierKey, verifier_keys: keys } };
};
