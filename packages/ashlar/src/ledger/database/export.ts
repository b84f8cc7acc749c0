import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { appendFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { LedgerReader } from '../../contract/ledger.js';
import { AshlarError } from '../../errors.js';
import { lineText } from '../retirement-lines.js';
import { retiredWithin } from '../retirements.js';
import { keysOf } from '../signed-retirements.js';
import { checkpointOver, keptCheckpoints, type OpenLedger } from './checkpoints.js';
import { withLedger } from './ledgers.js';

const chunk = 5_000;

/**
 * Exports the entries, leaf hashes and checkpoints of a ledger into an empty folder, which `ashlar-verify.mjs export`
 * can verify. The files are `entries.jsonl` (a base64 string for each entry), `leaves.bin` (the 32-byte leaf hashes),
 * `checkpoint`, and the kept checkpoints. Of an entry that was purged there is `{"retired": HASH}`, the hash of its leaf, and
 * `retirements.jsonl` has the recorded retirements, in their order.
 *
 * @returns the number of exported entries
 * @param folder - the path of a new or empty folder
 * @throws AshlarError `usage` where the folder is not empty; `ledger-tampered`; what {@link checkpointLedger} throws
 */
export async function exportLedger(ledger: OpenLedger, folder: string): Promise<number> {
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0) {
    throw new AshlarError('usage', {
      message: `The folder ${folder} is not empty.`,
      suggestion: 'Give the path of a new or empty folder.',
    });
  }
  const { engine, table, origin, signer } = ledger;
  await engine.seal();
  const head = await withLedger(engine, table, (reader) => reader.head());
  // without a signing key, the export ends at the newest kept checkpoint
  const { size, note } = await checkpointOver(ledger, signer ? (head?.size ?? 0) : 1);
  const kept = await keptCheckpoints(ledger);
  for (const { file, note: text } of kept) await writeFile(join(folder, basename(file)), text);
  await writeFile(join(folder, 'checkpoint'), note);
  const entries = createWriteStream(join(folder, 'entries.jsonl'));
  const leaves = createWriteStream(join(folder, 'leaves.bin'));
  try {
    await withLedger(engine, table, async (reader) => {
      for (let at = 0; at < size; ) {
        const some = await reader.leaves(at, Math.min(chunk, size - at));
        const isRetired = await retiredWithin(reader, at, at + some.length);
        for (const { position, entry, hash } of some) {
          if (position !== at || (entry === undefined) !== isRetired(at)) throw missing(origin, at);
          at++;
          const retired = `{"retired":"${Buffer.from(hash).toString('base64')}"}`;
          entries.write(`${entry ? `"${Buffer.from(entry).toString('base64')}"` : retired}\n`);
          leaves.write(hash);
        }
        if (some.length === 0) throw missing(origin, at);
        for (const stream of [entries, leaves]) if (stream.writableNeedDrain) await once(stream, 'drain');
      }
      await writeRetirements(reader, join(folder, 'retirements.jsonl'));
    });
  } finally {
    for (const stream of [entries, leaves]) await new Promise<void>((resolve) => stream.end(resolve));
  }
  return size;
}

/** Writes the recorded retirements; no file where there are none. */
const writeRetirements = async (reader: LedgerReader, file: string): Promise<void> => {
  for (let after = 0; ; ) {
    const some = await reader.retirementLines(after, chunk);
    for (const line of some) await appendFile(file, `${lineText(line, await keysOf(reader, line))}\n`);
    if (some.length < chunk) return;
    after = some.at(-1)?.number ?? after;
  }
};

const missing = (origin: string, position: number): AshlarError =>
  new AshlarError('ledger-tampered', {
    message: `The ledger ${origin} has no entry at position ${position}, or a retirement of one that it has.`,
    suggestion: 'Run `ashlar ledger verify --full`.',
  });
