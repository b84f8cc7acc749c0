import { resolve } from 'node:path';
import type { Command } from 'commander';
import { tampered, verifyLedger } from '../../../ledger/database/checkpoints.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { type LedgerOptions, withLedgers } from '../../with-ledgers.js';

interface Options extends LedgerOptions {
  readonly full?: boolean;
}

/** `ashlar ledger verify`: compares ledgers with their rows, blocks and checkpoints. */
export function verifyCommand(commands: Commands): Command {
  return commands
    .make<Options>(
      'verify',
      'compare ledgers with their rows, blocks and checkpoints; exit 1 on a difference',
      run,
    )
    .option('--full', 'verify everything, not only the entries after the newest checkpoint')
    .option('--table <name>', 'only the ledger of this table')
    .option('--checkpoints <path>', 'a folder or file of signed checkpoints (default: LEDGER_CHECKPOINTS)');
}

const run = async (invocation: Invocation, options: Options): Promise<Answer> => {
  const { out, streams } = invocation;
  const checkpoints = options.checkpoints && resolve(streams.directory, options.checkpoints);
  const chosen = { ...options, ...(checkpoints ? { checkpoints } : {}) };
  const ledgers = await withLedgers(invocation, chosen, async (ledger) => {
    const found = await verifyLedger(ledger, { full: options.full === true });
    const { size, checked, trusted, firstProvable, retired, rowsPerSecond, problems, unverified, root } =
      found;
    const state = problems.length === 0 ? out.style('green', 'verified') : out.style('red', 'tampered with');
    const before = trusted > 0 ? `, ${trusted} covered by the newest checkpoint` : '';
    out.line(`${ledger.origin}: ${state} · ${size} entries, ${checked} compared${before}`);
    if (retired > 0) out.line(`  purged: ${retired} entries, all before position ${firstProvable}`);
    for (const line of unverified) out.line(out.style('yellow', `  ${line}`));
    for (const { position, row_key, what } of problems)
      out.line(`  ${position === null ? '' : `${position} `}${row_key === null ? '' : `${row_key} `}${what}`);
    return {
      document: {
        ledger: ledger.origin,
        size,
        root: root.toString('base64'),
        checked,
        trusted,
        first_provable: firstProvable,
        purged: retired,
        unverified,
        rows_per_second: rowsPerSecond,
        problems,
      },
      error: problems.length > 0 ? tampered(found) : undefined,
    };
  });
  const error = ledgers.find((one) => one.error)?.error;
  if (error) out.note(`${out.styleNote('red', 'error')} ${error.message}`);
  const document = {
    ledgers: ledgers.map((one) => one.document),
    ...(error ? { error: error.toJSON() } : {}),
  };
  return { document, exitCode: error ? 1 : 0 };
};
