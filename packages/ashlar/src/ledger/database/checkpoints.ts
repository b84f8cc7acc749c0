import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../../contract/engine.js';
import type { SystemFacts } from '../../contract/system.js';
import type { TableFacts } from '../../contract/table.js';
import { AshlarError } from '../../errors.js';
import {
  formatProof,
  inclusionProof,
  type KeptCheckpoint,
  readCheckpoints,
  type Signer,
  signHead,
  type Verifier,
} from '../index.js';
import type { KnownRoot } from '../problems.js';
import type { Verification } from '../verify.js';
import { verifyTable, withLedger } from './ledgers.js';

/** One ledger of a system, with what its checkpoints are signed by and where they are kept. */
export interface Audited {
  readonly engine: Engine;
  readonly system: SystemFacts;
  readonly table: TableFacts;
  /** The name that stands in its checkpoints: `shop/audit_logs`. */
  readonly origin: string;
  /** The folder of its checkpoints, or one file; `undefined` where none are kept. */
  readonly checkpoints: string | undefined;
  readonly signer: Signer | undefined;
  /** Whose checkpoints are believed. */
  readonly verifiers: readonly Verifier[];
}

/** The tables of a system that are ledgers. */
export function ledgersOf(system: SystemFacts): readonly TableFacts[] {
  return Object.values(system.tables).filter((table) => table.facts.ledger?.log !== undefined);
}

/** What the checkpoints of a table's ledger are signed with as their origin. */
export function originOf(system: SystemFacts, table: TableFacts): string {
  return `${system.name}/${table.facts.ledger?.log}`;
}

/** The folder of a ledger's checkpoints, inside the one of all. */
export function folderOf(folder: string, system: SystemFacts, table: TableFacts): string {
  return join(folder, system.name, encodeURIComponent(table.facts.ledger?.log ?? ''));
}

/**
 * The signed checkpoints that are kept of a ledger, smallest first.
 *
 * @throws AshlarError `usage` where there are some and no key to believe; `signature-invalid`; `ledger-conflict` where one is of another log
 */
export async function keptCheckpoints({
  checkpoints,
  verifiers,
  origin,
}: Audited): Promise<readonly KeptCheckpoint[]> {
  if (checkpoints === undefined || !existsSync(checkpoints)) return [];
  if (verifiers.length === 0) {
    throw new AshlarError('usage', {
      message: `There are checkpoints at ${checkpoints}, but no key to check them with.`,
      suggestion: 'Set LEDGER_PUBLIC_KEY to the verifier key of whoever signed them.',
    });
  }
  const kept = await readCheckpoints(checkpoints, verifiers);
  const stranger = kept.find((one) => one.origin !== origin);
  if (!stranger) return kept;
  throw new AshlarError('ledger-conflict', {
    message: `${stranger.file} is a checkpoint of ${stranger.origin}, not of ${origin}.`,
    suggestion: 'Keep the checkpoints of each log in a folder of its own.',
  });
}

const known = ({ size, root, file }: KeptCheckpoint): KnownRoot => ({
  size,
  root,
  source: `the checkpoint ${file}`,
});

/**
 * Verifies a ledger against all checkpoints that are kept of it: what came after the newest, or with `full` everything.
 *
 * @throws AshlarError `usage`, `signature-invalid`, `ledger-conflict`, `lock-timeout`
 */
export async function verifyLedgerOf(
  audited: Audited,
  { full = false }: { full?: boolean } = {},
): Promise<Verification & { readonly trusted: number }> {
  const kept = await keptCheckpoints(audited);
  const newest = full ? undefined : kept.at(-1);
  const found = await verifyTable(audited.engine, audited.table, {
    trusted: newest && known(newest),
    checkpoints: kept.map(known),
  });
  return { ...found, trusted: found.size - found.checked };
}

/** An error that names what is wrong first. */
export function tampered({ log, problems: [first] }: Verification): AshlarError {
  const where = first?.position == null ? '' : `, position ${first.position}`;
  const row = first?.row_key == null ? 'The ledger' : `The row ${first.row_key}`;
  return new AshlarError('ledger-tampered', {
    message: `${row} of ${log}${where}: ${first?.what}.`,
    suggestion: 'Keep the database as it is, and compare it with a backup from before.',
  });
}

/**
 * Seals, verifies what is new, signs the head and keeps it.
 *
 * @param cosigner - signs besides: the former key, on the first checkpoint of a new one
 * @returns the signed checkpoint, and its size
 * @throws AshlarError `usage` without a key; `ledger-tampered`, `ledger-conflict`, `signature-invalid`, `lock-timeout`
 */
export async function signCheckpointOf(
  audited: Audited,
  cosigner?: Signer,
): Promise<{ size: number; note: string }> {
  const { engine, table, signer, verifiers, origin, checkpoints } = audited;
  if (!signer || checkpoints === undefined) {
    throw new AshlarError('usage', {
      message: 'There is no key to sign checkpoints with.',
      suggestion:
        'Make one with ashlar ledger key new, and set LEDGER_KEY_FILE. Keep it away from the database.',
    });
  }
  const found = await verifyLedgerOf(audited);
  if (found.problems.length > 0) throw tampered(found);
  const { size, root } = found;
  const note = await withLedger(engine, table, (reader) =>
    signHead({
      folder: checkpoints,
      signer,
      cosigner,
      former: verifiers,
      head: { origin, size, root },
      reader,
    }),
  );
  return { size, note };
}

/** The newest signed checkpoint of at least `size` leaves: one that is kept, or one that is signed now. */
export async function checkpointOver(
  audited: Audited,
  size: number,
): Promise<{ size: number; note: string }> {
  const newest = (await keptCheckpoints(audited)).at(-1);
  return newest && newest.size >= size ? newest : signCheckpointOf(audited);
}

/**
 * A file that shows to anybody who knows the verifier key that a row is in the ledger.
 *
 * @param rowKey - the key of the row as text; of several columns a JSON array
 * @throws AshlarError `row-not-found`, and what {@link signCheckpointOf} throws where no checkpoint reaches the row yet
 */
export async function proofOf(
  audited: Audited,
  rowKey: string,
): Promise<{ position: number; proof: string }> {
  const { engine, table } = audited;
  await engine.seal();
  const leaf = await withLedger(engine, table, (reader) => reader.leafOf(rowKey));
  if (leaf?.entry === undefined) {
    throw new AshlarError('row-not-found', {
      message: `The ledger of ${table.name} has no entry of a row with that key.`,
      suggestion: 'Give the key as text; of several columns as a JSON array: \'["a","2026-01-01"]\'.',
    });
  }
  const { position, entry } = leaf;
  const { size, note } = await checkpointOver(audited, position + 1);
  const path = await withLedger(engine, table, (reader) => inclusionProof(reader, position, size));
  return { position, proof: formatProof({ entry, position, path, checkpoint: note }) };
}
