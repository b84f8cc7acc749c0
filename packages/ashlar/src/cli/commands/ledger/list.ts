import type { Command } from 'commander';
import { keptCheckpoints, withLedger } from '../../../ledger/database/index.js';
import { treeRoot } from '../../../ledger/index.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { withLedgers } from '../../with-ledgers.js';

/** `ashlar ledger list`: lists all ledgers, each with its size, root, last block and last checkpoint. */
export function listCommand(commands: Commands): Command {
  return commands.make('list', 'list all ledgers: size, root, last block, last checkpoint', run);
}

const run = async (invocation: Invocation): Promise<Answer> => {
  const ledgers = await withLedgers(invocation, {}, async (ledger) => {
    const { engine, table, origin } = ledger;
    const kept = await keptCheckpoints(ledger);
    return withLedger(engine, table, async (reader) => {
      const block = await reader.lastBlock();
      const size = block?.size ?? 0;
      return {
        ledger: origin,
        size,
        root: (await treeRoot(reader, size)).toString('base64'),
        unsealed: await reader.unsealed(),
        last_block: block?.sealedAt ?? null,
        last_checkpoint: kept.at(-1)?.size ?? null,
      };
    });
  });
  invocation.out.table(
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
