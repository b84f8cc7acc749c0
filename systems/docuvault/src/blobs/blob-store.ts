import type { Readable } from 'node:stream';

/** Bytes to store: all at once, or as they come. */
export type ByteSource = Uint8Array | AsyncIterable<Uint8Array>;

/** Bytes that were received, hashed, and are not kept yet. */
export interface StagedBlob {
  /** SHA-256 (FIPS 180-4) in lower case hex. */
  readonly sha256: string;
  readonly size: number;
  /** Keeps the bytes under their hash, so that they survive a crash of the machine. Done again, it is done as well. */
  keep(): Promise<void>;
  /** Lets go of what was received; what was kept stays. Never fails. */
  discard(): Promise<void>;
}

/**
 * Where bytes are kept under their hash, each content once. It knows no documents: whoever names bytes, and removes those
 * that nobody names, sees to it that the two do not meet (see `vault.ts`).
 */
export interface BlobStore {
  /**
   * Receives bytes, and holds on to them until they are kept or discarded.
   *
   * @param options - `limit`: how many bytes at most; more are not received
   * @throws AshlarError `size-exceeded`; what `source` throws. Nothing is left then.
   */
  stage(source: ByteSource, options: { readonly limit: number }): Promise<StagedBlob>;
  /** The bytes of a hash, from the first on. @throws AshlarError `bytes-missing` */
  read(sha256: string): Promise<Readable>;
  has(sha256: string): Promise<boolean>;
  /** Removes the bytes of a hash. That there are none is no error. */
  remove(sha256: string): Promise<void>;
  /** The hash of everything that is kept, in no order. */
  list(): AsyncIterable<string>;
  /** Removes what was received by processes that have ended since. @returns how many */
  clean(): Promise<number>;
}
