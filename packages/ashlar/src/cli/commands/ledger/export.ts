import { resolve } from 'node:path';
import type { Command } from 'commander';
import { exportLedger } from '../../../ledger/database/index.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { type LedgerOptions, withLedger } from '../../with-ledgers.js';

interface Options extends LedgerOptions {
  readonly out: string;
}

/** `ashlar ledger export`: exports a ledger as files that `ashlar-verify.mjs` verifies. */
export function exportCommand(commands: Commands): Command {
  return commands
    .make<Options>('export', 'export a ledger as files that ashlar-verify.mjs verifies', run)
    .requiredOption('--out <folder>', 'the new folder to write the files to')
    .option('--table <name>', 'only the ledger of this table');
}

const run = async (invocation: Invocation, options: Options): Promise<Answer> => {
  const folder = resolve(invocation.streams.directory, options.out);
  const entries = await withLedger(invocation, options, (ledger) => exportLedger(ledger, folder));
  invocation.out.line(`${entries} entries exported to ${options.out}`);
  return { document: { entries, folder: options.out } };
};
