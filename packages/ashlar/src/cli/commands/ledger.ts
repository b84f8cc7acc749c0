import { Command } from 'commander';
import type { Commands } from '../command.js';
import { summaries } from '../command-names.js';
import { checkpointCommand } from './ledger/checkpoint.js';
import { exportCommand } from './ledger/export.js';
import { keyCommand } from './ledger/key.js';
import { listCommand } from './ledger/list.js';
import { proofCommand } from './ledger/proof.js';
import { verifyCommand } from './ledger/verify.js';

/** `ashlar ledger …`: verifies, signs and exports ledgers. */
export function ledgerCommand(commands: Commands): Command {
  return new Command('ledger')
    .description(summaries.ledger.description)
    .addCommand(listCommand(commands))
    .addCommand(verifyCommand(commands))
    .addCommand(proofCommand(commands))
    .addCommand(checkpointCommand(commands))
    .addCommand(exportCommand(commands))
    .addCommand(keyCommand(commands));
}
