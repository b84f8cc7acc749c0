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
 * Verifies a receipt file of `ashlar/receipt/v1`, of which no character may be changed. `keys` are verifier keys as text.
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
/**
 * Verifies an exported ledger in constant memory.
 *
 * @param checkpointFiles - paths of further checkpoints that must agree
 * @throws NotValid, WrongUse
 */
export function verifyExport(
  folder: string,
  keys: readonly string[],
  checkpointFiles?: readonly string[],
): Promise<Head & { retired: number; checkpoints: number }>;
/**
 * Checks the verifier against its test vectors and returns their number.
 *
 * @throws NotValid
 */
export function selfTest(): number;
