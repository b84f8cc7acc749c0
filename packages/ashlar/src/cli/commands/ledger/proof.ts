import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { proofOf } from '../../../ledger/database/index.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { type LedgerOptions, withLedger } from '../../with-ledgers.js';

interface Options extends LedgerOptions {
  readonly out?: string;
}

/** `ashlar ledger proof ROW`. */
export function proofCommand(commands: Commands): Command {
  return commands
    .make<Options>('proof', 'a file that shows to others that a row is in a ledger', run)
    .argument('<row>', 'the key of the row; of several columns a JSON array')
    .option('--table <name>', 'the ledger of this table')
    .option('--out <file>', 'where to write it; else it is printed');
}

const run = async (invocation: Invocation, options: Options, row = ''): Promise<Answer> => {
  const { out, streams } = invocation;
  const { position, proof } = await withLedger(invocation, options, (ledger) => proofOf(ledger, row));
  if (options.out === undefined) out.line(proof.trimEnd());
  else {
    await writeFile(resolve(streams.directory, options.out), proof, { flag: 'wx' });
    out.line(`position ${position}: ${options.out}`);
  }
  return { document: { row, position, ...(options.out === undefined ? { proof } : { file: options.out }) } };
};
