/** A signed head of a log. */
export interface Head {
  origin: string;
  size: number;
  root: Buffer;
}

/** Something does not hold. */
export class NotValid extends Error {}
/** The command or a key is not as it must be. */
export class WrongUse extends Error {}

export const leafHash: (entry: Uint8Array) => Buffer;
export const verifyInclusion: (
  leaf: Buffer,
  position: number,
  size: number,
  path: readonly Buffer[],
  root: Buffer,
) => boolean;
export const verifyConsistency: (
  from: number,
  to: number,
  fromRoot: Buffer,
  toRoot: Buffer,
  path: readonly Buffer[],
) => boolean;
export class GrowingTree {
  readonly size: number;
  append(hash: Buffer): void;
  root(): Buffer;
}

/** Each of these throws NotValid where something does not hold. `keys` are verifier keys as text. */
export const verifyProofFile: (
  bytes: Uint8Array,
  keys: readonly string[],
) => Head & { position: number; at: unknown; row: unknown };
export const verifyConsistencyFile: (
  earlierBytes: Uint8Array,
  bytes: Uint8Array,
  keys: readonly string[],
) => { origin: string; from: number; to: number };
export const verifyExport: (
  folder: string,
  keys: readonly string[],
  checkpointFiles?: readonly string[],
) => Promise<Head & { checkpoints: number }>;
export const selfTest: () => number;
