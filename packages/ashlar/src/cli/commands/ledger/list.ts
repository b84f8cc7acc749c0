import type { Command } from 'commander';
import { ledgerState } from '../../../ledger/database/index.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { printTable } from '../../print-table.js';
import { withLedgers } from '../../with-ledgers.js';

/** `ashlar ledger list`: lists all ledgers, each with its size, root, last block and last checkpoint. */
export function listCommand(commands: Commands): Command {
  return commands.make('list', 'list all ledgers: size, root, last block, last checkpoint', run);
}

const run = async (invocation: Invocation): Promise<Answer> => {
  const ledgers = await withLedgers(invocation, {}, async (opened) => {
    const { ledger, size, root, unsealed, lastBlock, lastCheckpoint } = await ledgerState(opened);
    return { ledger, size, root, unsealed, last_block: lastBlock, last_checkpoint: lastCheckpoint };
  });
  printTable(
    invocation.out,
    ['ledger', 'entries', 'unsealed', 'last block', 'last checkpoint', 'root'],
    ledgers.map((one) => [
      one.ledger,
      one.size,
      one.unsealed,
      one.last_block ?? 'none',
      one.last_checkpoint === null ? 'none' : `at ${one.last_checkpoint}`,
      one.root,
    ]),
  );
  return { document: { ledgers } };
};
