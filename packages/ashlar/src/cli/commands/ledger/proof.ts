import type { Command } from 'commander';
import { proveInclusion } from '../../../ledger/database/index.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { type LedgerOptions, withLedger } from '../../with-ledgers.js';
import { writeNew } from '../../write-new.js';

interface Options extends LedgerOptions {
  readonly out?: string;
}

/** `ashlar ledger proof ROW`: writes an inclusion proof, which shows that a row is in a ledger. */
export function proofCommand(commands: Commands): Command {
  return commands
    .make<Options>('proof', 'write an inclusion proof: a file that shows that a row is in a ledger', run)
    .argument('<row>', 'the primary key of the row; a JSON array for a key of several columns')
    .option('--table <name>', 'only the ledger of this table')
    .option('--out <file>', 'the new file (default: print the proof)');
}

const run = async (invocation: Invocation, options: Options, row = ''): Promise<Answer> => {
  const { out } = invocation;
  const { position, proof } = await withLedger(invocation, options, (ledger) => proveInclusion(ledger, row));
  if (options.out === undefined) out.line(proof.trimEnd());
  else {
    await writeNew(invocation, options.out, proof, 0o644);
    out.line(`wrote ${options.out}: the row is at position ${position}`);
  }
  return { document: { row, position, ...(options.out === undefined ? { proof } : { file: options.out }) } };
};
