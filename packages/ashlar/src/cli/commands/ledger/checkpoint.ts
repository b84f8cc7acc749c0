import type { Command } from 'commander';
import { checkpointLedger } from '../../../ledger/database/index.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { type LedgerOptions, withLedgers } from '../../with-ledgers.js';

interface Options extends LedgerOptions {
  readonly clockWasAhead?: boolean;
}

/** `ashlar ledger checkpoint`: verifies new entries, and signs the head of each ledger. */
export function checkpointCommand(commands: Commands): Command {
  return commands
    .make<Options>(
      'checkpoint',
      'verify new entries, sign the head of each ledger, and save it as a checkpoint',
      run,
    )
    .option('--table <name>', 'only the ledger of this table')
    .option(
      '--clock-was-ahead',
      'sign although the newest checkpoint is dated later, by a clock that was wrong',
    );
}

const run = async (invocation: Invocation, options: Options): Promise<Answer> => {
  const { out } = invocation;
  const checkpoints = await withLedgers(invocation, options, async (ledger) => {
    const { size, note } = await checkpointLedger(ledger, undefined, options);
    out.line(note.trimEnd());
    return { ledger: ledger.origin, size, folder: ledger.checkpoints, checkpoint: note };
  });
  return { document: { checkpoints } };
};
