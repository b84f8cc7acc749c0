import { AshlarError } from '../../errors.js';
import { propertiesOf } from '../../model/index.js';
import { rowKeyOf } from '../compare.js';
import { requireContinuation } from '../continuation.js';
import {
  consistencyProof,
  formatConsistency,
  formatProof,
  inclusionProof,
  openCheckpoint,
  treeRoot,
} from '../index.js';
import { checkpointOver, type OpenLedger } from './checkpoints.js';
import { withLedger } from './ledgers.js';

/** An inclusion proof of a row. */
export interface RowProof {
  /** The position of the row's entry in the ledger; the first is 0. */
  readonly position: number;
  /** The proof as the text of a file, in the C2SP format tlog-proof. */
  readonly proof: string;
}

/**
 * Creates an inclusion proof: a text that lets anyone with the public key verify that a row is in the ledger, without
 * the database. `verifyInclusionProof` and `ashlar-verify.mjs proof` verify it.
 *
 * @param key - the primary key: its one value, or an object with a value for each column; a text may also be the key as
 *   the ledger records it, for several columns a JSON array
 * @throws AshlarError `row-not-found`; `usage` where a column of the key is missing; and what `checkpointLedger` throws
 *   where no kept checkpoint covers the row
 *
 * @example
 * const { proof } = await proveInclusion(ledger, payment.id);
 * await writeFile('payment.tlog-proof', proof);
 */
export async function proveInclusion(
  ledger: OpenLedger,
  key: string | number | Readonly<Record<string, unknown>>,
): Promise<RowProof> {
  const { engine, table } = ledger;
  const rowKey = keyText(ledger, key);
  await engine.seal();
  const leaf = await withLedger(engine, table, (reader) => reader.leafOf(rowKey));
  if (leaf?.entry === undefined) {
    throw new AshlarError('row-not-found', {
      message: `The ledger of ${table.name} has no entry for a row with this key.`,
      suggestion:
        'Give the key as text, or, if it has several columns, as a JSON array: \'["a","2026-01-01"]\'.',
    });
  }
  const { position, entry } = leaf;
  const { size, note } = await checkpointOver(ledger, position + 1);
  const path = await withLedger(engine, table, (reader) => inclusionProof(reader, position, size));
  return { position, proof: formatProof({ entry, position, path, checkpoint: note }) };
}

const keyText = ({ table }: OpenLedger, key: string | number | Readonly<Record<string, unknown>>): string => {
  if (typeof key !== 'object') return String(key);
  const columns = propertiesOf(table, table.primaryKey.columns);
  const missing = columns.find((column) => key[column] === undefined);
  if (missing === undefined) return rowKeyOf(columns.map((column) => key[column]));
  throw new AshlarError('usage', {
    message: `The key of ${table.name} lacks the column ${missing}.`,
    suggestion: `Give a value for each of: ${columns.join(', ')}.`,
  });
};

/** A consistency proof between two checkpoints of one ledger. */
export interface GrowthProof {
  /** The size of the earlier checkpoint, in entries. */
  readonly from: number;
  /** The size of the later checkpoint, in entries. */
  readonly to: number;
  /** The proof as the text of a file: the request of a C2SP tlog-witness. It contains the later checkpoint. */
  readonly proof: string;
}

/**
 * Creates a consistency proof: a text that lets anyone with the public key and the earlier checkpoint verify that the
 * ledger still begins with all entries it had then, without the database. `verifyConsistencyProof` and
 * `ashlar-verify.mjs consistency` verify it. The later checkpoint is a new one where the ledger was opened with a key
 * that signs, else the newest that is kept.
 *
 * @param earlier - a signed checkpoint of this ledger, as its holder kept it
 * @throws AshlarError `signature-invalid` where no trusted key signed the earlier checkpoint; `ledger-conflict` where the
 *   ledger does not continue it; and what `checkpointLedger` throws where no kept checkpoint is as large
 *
 * @example
 * const { proof } = await proveConsistency(ledger, await readFile('300.checkpoint', 'utf8'));
 */
export async function proveConsistency(
  ledger: OpenLedger,
  earlier: string | Uint8Array,
): Promise<GrowthProof> {
  const { engine, table, origin, signer, verifiers } = ledger;
  const before = openCheckpoint(earlier, verifiers);
  await engine.seal();
  const size = await withLedger(engine, table, async (reader) => {
    const now = (await reader.head())?.size ?? 0;
    // before anything is signed
    await requireContinuation(before, { origin, size: now, root: await treeRoot(reader, now) }, reader);
    return now;
  });
  const { note } = await checkpointOver(ledger, signer ? size : before.size);
  const after = openCheckpoint(note, verifiers);
  return withLedger(engine, table, async (reader) => {
    await requireContinuation(before, after, reader);
    const path = await consistencyProof(reader, before.size, after.size);
    return {
      from: before.size,
      to: after.size,
      proof: formatConsistency({ from: before.size, path, checkpoint: note }),
    };
  });
}
