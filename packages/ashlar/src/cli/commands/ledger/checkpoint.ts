import type { Command } from 'commander';
import { checkpointLedger } from '../../../ledger/database/index.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { type LedgerOptions, withLedgers } from '../../with-ledgers.js';

/** `ashlar ledger checkpoint`: verifies new entries, and signs the head of each ledger. */
export function checkpointCommand(commands: Commands): Command {
  return commands
    .make<LedgerOptions>(
      'checkpoint',
      'verify new entries, sign the head of each ledger, and save it as a checkpoint',
      run,
    )
    .option('--table <name>', 'only the ledger of this table');
}

const run = async (invocation: Invocation, options: LedgerOptions): Promise<Answer> => {
  const { out } = invocation;
  const checkpoints = await withLedgers(invocation, options, async (ledger) => {
    const { size, note } = await checkpointLedger(ledger);
    out.line(note.trimEnd());
    return { ledger: ledger.origin, size, folder: ledger.checkpoints, checkpoint: note };
  });
  return { document: { checkpoints } };
};
