import type { BulkReader } from '../contract/bulk.js';
import type { Engine } from '../contract/engine.js';
import type { SystemFacts } from '../contract/system.js';
import { AshlarError } from '../errors.js';
import { ledgerReader } from '../guarantees/ledgered/reader.js';
import { ledgersOf, originOf, tampered } from '../ledger/database/checkpoints.js';
import { withLedger } from '../ledger/database/ledgers.js';
import { verifyEntries } from '../ledger/verify.js';
import { moveRefused, sourceChanged } from './refusals.js';

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
 * @param options - whether the engine is the target, in which no row may wait for its seal
 * @throws AshlarError `ledger-tampered`
 */
export async function verifyLedgers(
  engine: Engine,
  systems: readonly SystemFacts[],
  {
    isTarget = false,
    onLedger = () => undefined,
  }: { readonly isTarget?: boolean; readonly onLedger?: (done: number, total: number) => void } = {},
): Promise<readonly LedgerHead[]> {
  const ledgers = systems.flatMap((system) => ledgersOf(system).map((table) => ({ system, table })));
  const heads: LedgerHead[] = [];
  for (const { system, table } of ledgers) {
    onLedger(heads.length, ledgers.length);
    const found = await withLedger(engine, table, async (reader) =>
      verifyEntries(reader, isTarget ? { mark: await reader.mark() } : {}),
    );
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

/**
 * Throws if somebody wrote to a ledger of the source between the look at it and the snapshot that is moved: such a row would be
 * copied without an entry, which no seal of the target makes.
 *
 * @throws AshlarError `move-refused`, `move-source-changed`
 */
export async function assertSealedIn(
  { run }: BulkReader,
  { dialect }: Engine,
  systems: readonly SystemFacts[],
  known: readonly LedgerHead[],
): Promise<void> {
  for (const system of systems)
    for (const table of ledgersOf(system)) {
      const reader = ledgerReader(table, dialect.name, run);
      const waiting = await reader.unsealed();
      if (waiting > 0) throw moveRefused([unsealedLine(table.name, waiting)]);
      const size = (await reader.head())?.size ?? 0;
      if (known.find(({ ledger }) => ledger === originOf(system, table))?.size !== size)
        throw sourceChanged();
    }
}

const unsealedLine = (table: string, count: number): string =>
  `${table} has ${count} rows that its ledger has not sealed: \`ashlar ledger verify\` on the source seals them`;

/** Returns a line for each ledger that has rows without a leaf, which only a writer seals. */
export async function unsealed(engine: Engine, systems: readonly SystemFacts[]): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const table of systems.flatMap(ledgersOf)) {
    const count = await withLedger(engine, table, (reader) => reader.unsealed());
    if (count > 0) lines.push(unsealedLine(table.name, count));
  }
  return lines;
}
