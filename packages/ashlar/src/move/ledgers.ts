import type { Engine } from '../contract/engine.js';
import type { SystemFacts } from '../contract/system.js';
import { AshlarError } from '../errors.js';
import { ledgersOf, originOf, tampered } from '../ledger/database/checkpoints.js';
import { withLedger } from '../ledger/database/ledgers.js';
import { verifyEntries } from '../ledger/verify.js';

/** The state of a ledger, whose every entry was compared with its row. */
export interface LedgerHead {
  /** The name of the ledger in its checkpoints: `shop/payments`. */
  readonly ledger: string;
  /** The number of sealed entries. */
  readonly size: number;
  /** The root of the tree over them, in base64. */
  readonly root: string;
}

/**
 * Verifies the ledgers of systems, every entry; seals nothing.
 *
 * @throws AshlarError `ledger-tampered`
 */
export async function verifyLedgers(
  engine: Engine,
  systems: readonly SystemFacts[],
  onLedger: (done: number, total: number) => void = () => undefined,
): Promise<readonly LedgerHead[]> {
  const ledgers = systems.flatMap((system) => ledgersOf(system).map((table) => ({ system, table })));
  const heads: LedgerHead[] = [];
  for (const { system, table } of ledgers) {
    onLedger(heads.length, ledgers.length);
    const found = await withLedger(engine, table, (reader) => verifyEntries(reader));
    if (found.problems.length > 0) throw tampered(found);
    heads.push({ ledger: originOf(system, table), size: found.size, root: found.root.toString('base64') });
  }
  onLedger(heads.length, ledgers.length);
  return heads;
}

/** Throws unless the ledgers of source and target are the same. @throws AshlarError `move-differs` */
export function assertSameLedgers(source: readonly LedgerHead[], target: readonly LedgerHead[]): void {
  const different = source.filter(
    ({ ledger, size, root }) =>
      !target.some((each) => each.ledger === ledger && each.size === size && each.root === root),
  );
  if (different.length === 0) return;
  throw new AshlarError('move-differs', {
    message: `The ledger of the target differs from that of the source: ${different.map(({ ledger }) => ledger).join(', ')}.`,
    suggestion: 'Stop what writes to source and target, then run the same command again.',
  });
}

/** Returns a line for each ledger that has rows without a leaf, which only a writer seals. */
export async function unsealed(engine: Engine, systems: readonly SystemFacts[]): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const table of systems.flatMap(ledgersOf)) {
    const count = await withLedger(engine, table, (reader) => reader.unsealed());
    if (count > 0)
      lines.push(
        `${table.name} has ${count} rows that its ledger has not sealed: \`ashlar ledger verify\` on the source seals them`,
      );
  }
  return lines;
}
