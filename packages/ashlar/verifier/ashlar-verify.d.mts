/** A signed tree head. */
export interface Head {
  origin: string;
  size: number;
  root: Buffer;
}

/** A file or checkpoint is not valid. */
export class NotValid extends Error {}
/** The command line or a key is malformed. */
export class WrongUse extends Error {}

/** Returns the hash of a leaf (RFC 9162 section 2.1). */
export function leafHash(entry: Uint8Array): Buffer;
/** Tells whether `path` proves that `leaf` is at `position` in the tree of `size` leaves with `root`. */
export function verifyInclusion(
  leaf: Buffer,
  position: number,
  size: number,
  path: readonly Buffer[],
  root: Buffer,
): boolean;
/** Tells whether `path` proves that the tree of `to` leaves begins with the tree of `from` leaves. */
export function verifyConsistency(
  from: number,
  to: number,
  fromRoot: Buffer,
  toRoot: Buffer,
  path: readonly Buffer[],
): boolean;
/** An append-only Merkle tree in constant memory. */
export class GrowingTree {
  readonly size: number;
  append(hash: Buffer): void;
  root(): Buffer;
}

/**
 * Verifies an inclusion proof file. `keys` are verifier keys as text.
 *
 * @throws NotValid, WrongUse
 */
export function verifyProofFile(
  bytes: Uint8Array,
  keys: readonly string[],
): Head & { position: number; at: unknown; row: unknown };
/**
 * Verifies a receipt file of `ashlar/receipt/v1`, of which no character may be changed, and that the proven row is its event in
 * `audit_logs`. The receipt states the consent as of its `issued_at`. `keys` are verifier keys as text.
 *
 * @throws NotValid, WrongUse
 */
export function verifyReceiptFile(
  bytes: Uint8Array,
  keys: readonly string[],
): Head & { position: number; at: unknown; row: unknown; receipt: unknown };
/**
 * Verifies that the log of the checkpoint in a consistency file begins with the log of the earlier checkpoint.
 *
 * @throws NotValid, WrongUse
 */
export function verifyConsistencyFile(
  earlierBytes: Uint8Array,
  bytes: Uint8Array,
  keys: readonly string[],
): { origin: string; from: number; to: number };
/** What an exported ledger contains. */
export interface Exported extends Head {
  /** The number of entries that were purged, and are known by their hashes only. */
  retired: number;
  /** How many of them were purged by retirements that no checkpoint signs: 0, unless these are believed. */
  unsigned: number;
  /** How many of the others a checkpoint has that was signed before the cutoff of their purge. */
  older: number;
  checkpoints: number;
}

/**
 * Verifies an exported ledger in constant memory. Its checkpoint must sign all retirements, because nothing else tells a purged
 * entry from a hidden one.
 *
 * @param checkpointFiles - paths of further checkpoints that must agree
 * @param options - `unsignedRetirements`: also believe retirements that the checkpoint does not sign
 * @throws NotValid, WrongUse
 */
export function verifyExport(
  folder: string,
  keys: readonly string[],
  checkpointFiles?: readonly string[],
  options?: { readonly unsignedRetirements?: boolean },
): Promise<Exported>;
/**
 * Checks the verifier against its test vectors and returns their number.
 *
 * @throws NotValid
 */
export function selfTest(): number;
