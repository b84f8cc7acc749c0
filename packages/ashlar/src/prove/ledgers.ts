import type { Engine } from '../contract/engine.js';
import type { SystemFacts } from '../contract/system.js';
import { rootText } from '../engines/refusal.js';
import { AshlarError } from '../errors.js';
import {
  folderOf,
  ledgersOf,
  type OpenLedger,
  originOf,
  verifyLedger,
} from '../ledger/database/checkpoints.js';
import { withLedger } from '../ledger/database/ledgers.js';
import type { Verifier } from '../ledger/index.js';
import type { LedgerProblem } from '../ledger/problems.js';
import type { LedgerReport } from './report.js';

/** Signed checkpoints that are kept outside the database. */
export interface Checkpoints {
  /** The path of the folder that contains a folder of checkpoints for each ledger. */
  readonly folder: string;
  /** The public keys of the trusted signers of checkpoints. */
  readonly verifiers: readonly Verifier[];
}

/** A larger ledger is compared only from its newest signed checkpoint on. */
const mostComparedEntries = 100_000;

/**
 * Seals and verifies each ledger of a system, and returns one report for each ledger.
 *
 * @param full - whether to compare all entries of every ledger; by default only of those that are not large
 */
export async function proveLedgers(
  engine: Engine,
  system: SystemFacts,
  checkpoints: Checkpoints | undefined,
  full = false,
): Promise<readonly LedgerReport[]> {
  const reports: LedgerReport[] = [];
  for (const table of ledgersOf(system)) {
    reports.push(
      await proveLedger(
        {
          engine,
          system,
          table,
          origin: originOf(system, table),
          checkpoints: checkpoints && folderOf(checkpoints.folder, system, table),
          signer: undefined,
          verifiers: checkpoints?.verifiers ?? [],
        },
        full,
      ),
    );
  }
  return reports;
}

const proveLedger = async (opened: OpenLedger, full: boolean): Promise<LedgerReport> => {
  const { engine, table, origin: ledger } = opened;
  try {
    const head = await withLedger(engine, table, (reader) => reader.head());
    const found = await verifyLedger(opened, {
      full: full || (head?.size ?? 0) <= mostComparedEntries,
    });
    const { size, checked, root, problems, unverified } = found;
    return {
      ledger,
      size,
      root: root.toString('base64'),
      checked,
      ok: problems.length === 0,
      found: problems.map(lineOf),
      unverified,
    };
  } catch (error) {
    const why = error instanceof AshlarError && error.cause === undefined ? error.message : rootText(error);
    const found = [`could not be verified: ${why}`];
    return { ledger, size: 0, root: '', checked: 0, ok: false, found, unverified: [] };
  }
};

const lineOf = ({ position, row_key, what }: LedgerProblem): string => {
  const where = [
    ...(row_key === null ? [] : [`the row ${row_key}`]),
    ...(position === null ? [] : [`position ${position}`]),
  ].join(', ');
  return where === '' ? what : `${where}: ${what}`;
};
