import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AshlarError } from '../../errors.js';
import { checkpointOver, keptCheckpoints, type OpenLedger } from './checkpoints.js';
import { withLedger } from './ledgers.js';

const chunk = 5_000;

/**
 * Exports the entries, leaf hashes and checkpoints of a ledger into an empty folder, which `ashlar-verify.mjs export`
 * can verify. The files are `entries.jsonl` (a base64 string for each entry), `leaves.bin` (the 32-byte leaf hashes),
 * `checkpoint`, and the kept checkpoints.
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
        for (const { position, entry, hash } of some) {
          if (position !== at || entry === undefined) throw missing(origin, at);
          at++;
          entries.write(`"${Buffer.from(entry).toString('base64')}"\n`);
          leaves.write(hash);
        }
        if (some.length === 0) throw missing(origin, at);
        for (const stream of [entries, leaves]) if (stream.writableNeedDrain) await once(stream, 'drain');
      }
    });
  } finally {
    for (const stream of [entries, leaves]) await new Promise<void>((resolve) => stream.end(resolve));
  }
  return size;
}

const missing = (origin: string, position: number): AshlarError =>
  new AshlarError('ledger-tampered', {
    message: `The ledger ${origin} has no entry at position ${position}.`,
    suggestion: 'Run `ashlar ledger verify --full`.',
  });
