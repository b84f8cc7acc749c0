import type { Engine } from '../contract/engine.js';
import type { SystemFacts } from '../contract/system.js';
import type { Tables } from '../model/index.js';
import { proveData } from '../prove/data/prove-data.js';
import { findingsOf } from '../prove/data/report.js';

/** The guarantees that have a copy of the rows, with which they are compared. */
const comparing: ReadonlySet<string> = new Set(['audited', 'ledgered']);

/**
 * Finds the rows that were changed, deleted or put in the place of others while a guard was down, as when the tool dropped a table
 * and made it again: rows that differ from the last line of their trail, or from their entry in a ledger. Call it where
 * `restoreGuard` restored something: from then on the trail and the ledger go on with the rows that are there.
 *
 * It reads every row of the guard's tables. A row that was inserted meanwhile has no line and no entry; a ledger finds it, a trail
 * does not. Rows that break another guarantee, a foreign key or a CHECK may have done so before: `proveData` names them.
 *
 * @returns one line for each kind of finding, with the keys of the first rows; empty where trails and ledgers agree with the rows
 * @throws what reading the database throws
 */
export async function changedMeanwhile(
  engine: Engine,
  system: SystemFacts<Tables>,
): Promise<readonly string[]> {
  const report = await proveData(engine, system);
  return findingsOf({
    ...report,
    findings: report.findings.filter(({ guarantee }) => comparing.has(guarantee)),
  });
}
