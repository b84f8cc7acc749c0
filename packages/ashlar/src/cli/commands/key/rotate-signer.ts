import { basename } from 'node:path';
import type { Command } from 'commander';
import { AshlarError } from '../../../errors.js';
import { checkpointLedger } from '../../../ledger/database/index.js';
import { formatHandover, parsePrivateKey } from '../../../ledger/index.js';
import { Secret } from '../../../settings/index.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { type LedgerOptions, withLedgers } from '../../with-ledgers.js';
import { writeNew } from '../../write-new.js';

interface Options extends LedgerOptions {
  readonly newKeyFile?: string;
  readonly out?: string;
}

/** `ashlar key rotate signer`: replaces the key that signs checkpoints with a new key, and writes a handover to it. */
export function rotateSignerCommand(commands: Commands): Command {
  return commands
    .make<Options>(
      'signer',
      'sign a checkpoint of each ledger with the old and the new key, and write a handover to the new key',
      run,
    )
    .requiredOption('--new-key-file <file>', 'a file with the new key, created by `ashlar ledger key new`')
    .option(
      '--out <file>',
      'the handover file to write, for everyone who trusts the old key (default: NAME.handover)',
    );
}

const run = async (invocation: Invocation, { newKeyFile, out: given }: Options): Promise<Answer> => {
  const { out } = invocation;
  const former = invocation.ledgerKeys().signer;
  const text = invocation.keyFrom('--new-key-file', newKeyFile);
  if (!former || text === undefined) {
    throw new AshlarError('usage', {
      message: 'The current signing key is not set.',
      suggestion: 'Set LEDGER_KEY_FILE to the file of the current signing key.',
    });
  }
  const next = parsePrivateKey(new Secret(text));
  if (next.verifierKey === former.verifierKey) {
    throw new AshlarError('usage', {
      message: 'The new key is the current signing key.',
      suggestion: 'Create another key: ashlar ledger key new --out next',
    });
  }
  const checkpoints = await withLedgers(invocation, {}, async (ledger) => {
    const verifiers = [next, ...ledger.verifiers];
    const { size } = await checkpointLedger({ ...ledger, signer: next, verifiers }, former);
    out.line(`${ledger.origin}: ${size} entries, signed with both keys`);
    return { ledger: ledger.origin, size, folder: ledger.checkpoints };
  });
  const handover = given ?? `${basename(newKeyFile ?? '', '.key')}.handover`;
  await writeNew(invocation, handover, formatHandover(former, next), 0o644);
  out.line(`LEDGER_KEY_FILE=${newKeyFile}`);
  out.line(`LEDGER_PUBLIC_KEY=${next.verifierKey} ${former.verifierKey}`);
  out.note(
    `Give ${handover} to everyone who trusts the old key: \`ashlar ledger key accept ${handover}\` verifies it.`,
  );
  out.note('Keep the old public key in LEDGER_PUBLIC_KEY as long as you keep checkpoints that it signed.');
  return {
    document: { verifier_key: next.verifierKey, former: former.verifierKey, handover, checkpoints },
  };
};
