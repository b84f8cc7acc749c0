import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../../contract/engine.js';
import type { LedgerReader } from '../../contract/ledger.js';
import type { SystemFacts } from '../../contract/system.js';
import type { TableFacts } from '../../contract/table.js';
import { AshlarError } from '../../errors.js';
import { minute } from '../clocks.js';
import { type KeptCheckpoint, readCheckpoints, type Signer, signHead, type Verifier } from '../index.js';
import type { KnownRoot } from '../problems.js';
import type { Verification } from '../verify.js';
import { verifyTable, withLedger } from './ledgers.js';

/**
 * A ledger in an open database, with the public keys that verify its checkpoints and the path at which they are kept.
 */
export interface OpenLedger {
  readonly engine: Engine;
  readonly system: SystemFacts;
  readonly table: TableFacts;
  /** The name of the ledger in its checkpoints, for example `shop/audit_logs`. */
  readonly origin: string;
  /** The path of the ledger's checkpoints, a folder or a single file; `undefined` if no checkpoints are kept. */
  readonly checkpoints: string | undefined;
  readonly signer: Signer | undefined;
  /** The public keys of the trusted signers of checkpoints. */
  readonly verifiers: readonly Verifier[];
}

/** Lists the tables of a system that have a ledger. */
export function ledgersOf(system: SystemFacts): readonly TableFacts[] {
  return Object.values(system.tables).filter((table) => table.facts.ledger?.log !== undefined);
}

/** Returns the origin of a table's ledger, which is its name in checkpoints: `SYSTEM/LOG`. */
export function originOf(system: SystemFacts, table: TableFacts): string {
  return `${system.name}/${table.facts.ledger?.log}`;
}

/**
 * Returns the path of the folder for one ledger's checkpoints, inside the folder for the checkpoints of all ledgers.
 */
export function folderOf(folder: string, system: SystemFacts, table: TableFacts): string {
  return join(folder, system.name, encodeURIComponent(table.facts.ledger?.log ?? ''));
}

/**
 * Reads and verifies the signed checkpoints that are kept for a ledger, and returns them by ascending size.
 *
 * @throws AshlarError `usage` where there are some, but no trusted key; `signature-invalid`; `ledger-conflict` where one
 *   belongs to another ledger
 */
export async function keptCheckpoints({
  checkpoints,
  verifiers,
  origin,
}: OpenLedger): Promise<readonly KeptCheckpoint[]> {
  if (checkpoints === undefined || !existsSync(checkpoints)) return [];
  if (verifiers.length === 0) {
    throw new AshlarError('usage', {
      message: `The checkpoints at ${checkpoints} cannot be verified without a public key.`,
      suggestion: 'Set LEDGER_PUBLIC_KEY to the public key of their signer.',
    });
  }
  const kept = await readCheckpoints(checkpoints, verifiers);
  const foreign = kept.find((one) => one.origin !== origin);
  if (!foreign) return kept;
  throw new AshlarError('ledger-conflict', {
    message: `${foreign.file} is a checkpoint of ${foreign.origin}, not of ${origin}.`,
    suggestion: 'Keep the checkpoints of each ledger in a separate folder.',
  });
}

const known = ({ size, root, file, signedAt, retirements }: KeptCheckpoint): KnownRoot => ({
  size,
  root,
  source: `the checkpoint ${file}`,
  ...(signedAt ? { at: signedAt } : {}),
  ...(retirements ? { retirements } : {}),
});

/** The result of a ledger's verification against its kept checkpoints. */
export interface LedgerVerification extends Verification {
  /** The number of entries that only the newest checkpoint vouches for; they were not compared with their rows. */
  readonly trusted: number;
}

/**
 * Seals a ledger, and verifies it against its rows and its kept checkpoints: all entries if `full` is set, else only
 * those after the newest checkpoint. Problems are returned, not thrown.
 *
 * @throws AshlarError `usage` where checkpoints are kept, but no public key is given; `signature-invalid`,
 *   `ledger-conflict`, `lock-timeout`
 *
 * @example
 * const { problems } = await verifyLedger(ledger, { full: true });
 */
export async function verifyLedger(
  ledger: OpenLedger,
  { full = false }: { full?: boolean } = {},
): Promise<LedgerVerification> {
  const kept = await keptCheckpoints(ledger);
  const newest = full ? undefined : kept.at(-1);
  const found = await verifyTable(ledger.engine, ledger.table, {
    trusted: newest && known(newest),
    checkpoints: kept.map(known),
  });
  return { ...found, trusted: found.size - found.checked };
}

/** Creates the error for a ledger with problems; the message names the first of them. */
export function tampered({ log, problems: [first] }: Verification): AshlarError {
  const where = first?.position == null ? '' : `, position ${first.position}`;
  const row = first?.row_key == null ? 'The ledger' : `The row ${first.row_key}`;
  return new AshlarError('ledger-tampered', {
    message: `${row} of ${log}${where}: ${first?.what}.`,
    suggestion: 'Do not change the database, and compare it with an earlier backup.',
  });
}

/** Options of {@link checkpointLedger}. */
export interface CheckpointOptions {
  /**
   * How many of the kept checkpoints may be dated later than now, because the clock was ahead when they were signed; `true`: one.
   * Default: none. Their times are no evidence then.
   */
  readonly clockWasAhead?: boolean | number;
}

/**
 * Seals a ledger, verifies the entries after its newest checkpoint, signs its head, and stores the signed head in the
 * ledger's folder as `SIZE.checkpoint`. A head that is already signed gives the same checkpoint again, unless rows were
 * purged since: that gives another one of the same size, `SIZE-2.checkpoint`.
 *
 * @param cosigner - a second signer: the former key, on the first checkpoint of a new key
 * @returns the signed checkpoint (a C2SP note), and its size in entries
 * @throws AshlarError `usage` without a key; `clocks-differ` where the clock of this machine differs from that of the database by
 *   more than a minute, or from the time of the newest checkpoint; `ledger-tampered`, `ledger-conflict`, `signature-invalid`,
 *   `lock-timeout`
 */
export async function checkpointLedger(
  ledger: OpenLedger,
  cosigner?: Signer,
  { clockWasAhead = false }: CheckpointOptions = {},
): Promise<{ size: number; note: string }> {
  const { engine, table, signer, verifiers, origin, checkpoints } = ledger;
  if (!signer || checkpoints === undefined) {
    throw new AshlarError('usage', {
      message: 'Checkpoints cannot be signed without a key.',
      suggestion:
        'Create a key with `ashlar ledger key new`, and set LEDGER_KEY_FILE. Keep the key away from the database.',
    });
  }
  await withLedger(engine, table, requireSameTime);
  const found = await verifyLedger(ledger);
  if (found.problems.length > 0) throw tampered(found);
  const { size, root, retirements } = found;
  const note = await withLedger(engine, table, (reader) =>
    signHead({
      folder: checkpoints,
      signer,
      cosigner,
      former: verifiers,
      head: { origin, size, root },
      retirements,
      reader,
      clockWasAhead,
    }),
  );
  return { size, note };
}

/** Throws unless the clock of the database and that of this machine, which dates the checkpoint, agree. */
const requireSameTime = async (reader: LedgerReader): Promise<void> => {
  const sent = Date.now();
  const database = Date.parse(await reader.now());
  const ahead = database - Math.min(Math.max(sent, database), Date.now());
  if (Math.abs(ahead) <= minute) return;
  throw new AshlarError('clocks-differ', {
    message: `The clock of the database is ${Math.round(Math.abs(ahead) / minute)} minutes ${ahead > 0 ? 'ahead of' : 'behind'} that of this machine. Nothing was signed.`,
    detail: 'A checkpoint is evidence of its time, and is compared with the times of the database.',
    suggestion: 'Synchronise both clocks, then sign again.',
  });
};

/**
 * Returns a signed checkpoint of at least `size` leaves: the newest one that is kept or, if that is too small, a new
 * one.
 */
export async function checkpointOver(
  ledger: OpenLedger,
  size: number,
): Promise<{ size: number; note: string }> {
  const newest = (await keptCheckpoints(ledger)).at(-1);
  return newest && newest.size >= size ? newest : checkpointLedger(ledger);
}
