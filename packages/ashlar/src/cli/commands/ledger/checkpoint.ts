import type { Command } from 'commander';
import { AshlarError } from '../../../errors.js';
import { checkpointLedger } from '../../../ledger/database/index.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { type LedgerOptions, withLedgers } from '../../with-ledgers.js';

interface Options extends LedgerOptions {
  readonly clockWasAhead?: boolean | number;
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
      '--clock-was-ahead [count]',
      'sign although the newest checkpoints, one or as many as given, are dated later than now: the clock was ahead then, and is not behind now',
      toCount,
    );
}

const toCount = (text: string): number => {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new AshlarError('usage', {
    message: `${JSON.stringify(text)} is no number of checkpoints.`,
    suggestion: 'Give --clock-was-ahead, or --clock-was-ahead 3.',
  });
};

const run = async (invocation: Invocation, options: Options): Promise<Answer> => {
  const { out } = invocation;
  const checkpoints = await withLedgers(invocation, options, async (ledger) => {
    const { size, note } = await checkpointLedger(ledger, undefined, options);
    out.line(note.trimEnd());
    return { ledger: ledger.origin, size, folder: ledger.checkpoints, checkpoint: note };
  });
  return { document: { checkpoints } };
};
