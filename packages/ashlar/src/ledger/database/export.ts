import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { LedgerReader } from '../../contract/ledger.js';
import { AshlarError } from '../../errors.js';
import { type KeptCheckpoint, openCheckpoint } from '../index.js';
import { readLines } from '../retirement-lines.js';
import { isRecordPending, retiredWithin } from '../retirements.js';
import { checkpointLedger, checkpointOver, keptCheckpoints, type OpenLedger } from './checkpoints.js';
import { withLedger } from './ledgers.js';

const chunk = 5_000;

/**
 * Exports the entries, leaf hashes and checkpoints of a ledger into an empty folder, which `ashlar-verify.mjs export`
 * can verify. The files are `entries.jsonl` (a base64 string for each entry), `leaves.bin` (the 32-byte leaf hashes),
 * `checkpoint`, and the kept checkpoints. Of an entry that was purged there is `{"retired": HASH}`, the hash of its leaf, and
 * `retirements.jsonl` has the retirements that the checkpoint signs, in their order.
 *
 * @returns the number of exported entries
 * @param folder - the path of a new or empty folder
 * @throws AshlarError `usage` where the folder is not empty, no checkpoint signs a purge yet and the ledger was opened without a
 *   key, or the step that records the purges of version 1 is still to come; `ledger-tampered`; what {@link checkpointLedger} throws
 */
export async function exportLedger(ledger: OpenLedger, folder: string): Promise<number> {
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0) {
    throw new AshlarError('usage', {
      message: `The folder ${folder} is not empty.`,
      suggestion: 'Give the path of a new or empty folder.',
    });
  }
  const { engine, table, origin, verifiers } = ledger;
  await engine.seal();
  const { size, note } = await checkpointOfAll(ledger);
  const signed = openCheckpoint(note, verifiers).retirements?.count ?? 0;
  const kept = await keptCheckpoints(ledger);
  if (await withLedger(engine, table, (reader) => isPending(reader, kept))) {
    throw new AshlarError('usage', {
      message: `Entries of ${origin} were purged, and the step that records this is still to come.`,
      detail: 'An export without the record could not be told from one that hides entries.',
      suggestion: 'Apply the step that `ashlar migrate new` writes with `ashlar up`, then export.',
    });
  }
  for (const { file, note: text } of kept) await writeFile(join(folder, basename(file)), text);
  await writeFile(join(folder, 'checkpoint'), note);
  const entries = createWriteStream(join(folder, 'entries.jsonl'));
  const leaves = createWriteStream(join(folder, 'leaves.bin'));
  const retirements = signed > 0 ? [createWriteStream(join(folder, 'retirements.jsonl'))] : [];
  const streams = [entries, leaves, ...retirements];
  const room = async (): Promise<void> => {
    for (const stream of streams) if (stream.writableNeedDrain) await once(stream, 'drain');
  };
  try {
    await withLedger(engine, table, async (reader) => {
      for (let at = 0; at < size; ) {
        const some = await reader.leaves(at, Math.min(chunk, size - at));
        const isRetired = await retiredWithin(reader, at, at + some.length, signed);
        for (const { position, entry, hash } of some) {
          if (position !== at || (entry && isRetired(at))) throw missing(origin, at);
          if (!entry && !isRetired(at)) throw await lacking(reader, origin, at);
          at++;
          const retired = `{"retired":"${Buffer.from(hash).toString('base64')}"}`;
          entries.write(`${entry ? `"${Buffer.from(entry).toString('base64')}"` : retired}\n`);
          leaves.write(hash);
        }
        if (some.length === 0) throw missing(origin, at);
        await room();
      }
      for (const stream of retirements)
        for await (const { number, text } of readLines(reader, 0)) {
          if (number > signed) break;
          stream.write(`${text}\n`);
          await room();
        }
    });
  } finally {
    for (const stream of streams) await new Promise<void>((resolve) => stream.end(resolve));
  }
  return size;
}

const isPending = (reader: LedgerReader, kept: readonly KeptCheckpoint[]): Promise<boolean> =>
  isRecordPending(
    reader,
    kept.some(({ retirements }) => retirements !== undefined),
  );

/** A checkpoint of all entries and purges; without a signing key the newest that is kept. */
const checkpointOfAll = async (ledger: OpenLedger): Promise<{ size: number; note: string }> => {
  if (!ledger.signer) return checkpointOver(ledger, 1);
  const [size, count] = await withLedger(ledger.engine, ledger.table, async (reader) => [
    (await reader.head())?.size ?? 0,
    (await reader.retirementTotals())?.count ?? 0,
  ]);
  const newest = (await keptCheckpoints(ledger)).at(-1);
  const hasAll = newest && newest.size >= size && (newest.retirements?.count ?? 0) >= count;
  return hasAll ? newest : checkpointLedger(ledger);
};

/** The error for an entry that is gone, and whose purge the checkpoint does not sign. */
const lacking = async (reader: LedgerReader, origin: string, position: number): Promise<AshlarError> =>
  (await retiredWithin(reader, position, position + 1))(position)
    ? new AshlarError('usage', {
        message: `The entry at position ${position} of ${origin} was purged, and no checkpoint signs this yet.`,
        suggestion: 'Sign a checkpoint with `ashlar ledger checkpoint`, then export into a new folder.',
      })
    : missing(origin, position);

const missing = (origin: string, position: number): AshlarError =>
  new AshlarError('ledger-tampered', {
    message: `The ledger ${origin} has no entry at position ${position}, or a retirement of one that it has.`,
    suggestion: 'Run `ashlar ledger verify --full`.',
  });
