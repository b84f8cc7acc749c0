import { Command } from 'commander';
import type { Commands } from '../command.js';
import { checkpointCommand } from './audit/checkpoint.js';
import { exportCommand } from './audit/export.js';
import { keyCommand } from './audit/key.js';
import { listCommand } from './audit/list.js';
import { proofCommand } from './audit/proof.js';
import { verifyCommand } from './audit/verify.js';

/** `ashlar audit …`: the ledgers of the systems. */
export const auditCommand = (commands: Commands): Command =>
  new Command('audit')
    .description('ledgers: what they hold, whether it is what was written, proofs for others')
    .addCommand(listCommand(commands))
    .addCommand(verifyCommand(commands))
    .addCommand(proofCommand(commands))
    .addCommand(checkpointCommand(commands))
    .addCommand(exportCommand(commands))
    .addCommand(keyCommand(commands));
