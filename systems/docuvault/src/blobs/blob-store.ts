import type { Readable } from 'node:stream';

/** Content to store: a buffer or a stream of bytes. */
export type ByteSource = Uint8Array | AsyncIterable<Uint8Array>;

/** Content that has been received and hashed, but is not yet stored under its hash. */
export interface StagedBlob {
  /** The SHA-256 hash of the content (FIPS 180-4), in lower-case hex. */
  readonly sha256: string;
  readonly size: number;
  /** Stores the content durably under its hash. Idempotent. */
  keep(): Promise<void>;
  /** Deletes the received copy of the content; content that `keep` has stored remains. Never fails. */
  discard(): Promise<void>;
}

/**
 * A content-addressed store: it stores identical content only once, under its hash. It knows no documents: `vault.ts`
 * ensures that content is not removed while a document that references it is being written.
 */
export interface BlobStore {
  /**
   * Receives and hashes content, which the caller then keeps or discards.
   *
   * @param options - `limit`: the maximum number of bytes
   * @throws AshlarError `size-exceeded`; the errors of `source`. On failure no bytes remain.
   */
  stage(source: ByteSource, options: { readonly limit: number }): Promise<StagedBlob>;
  /**
   * Opens the content with the given hash as a stream.
   *
   * @throws AshlarError `bytes-missing`
   */
  read(sha256: string): Promise<Readable>;
  /** Tells whether content with the given hash is stored. */
  has(sha256: string): Promise<boolean>;
  /** Removes the content with the given hash, if it is stored. */
  remove(sha256: string): Promise<void>;
  /** Lists the hashes of all stored content, in no particular order. */
  list(): AsyncIterable<string>;
  /**
   * Removes the incomplete or unused copies that processes received and left behind when they ended.
   *
   * @returns the number of removed copies
   */
  clean(): Promise<number>;
}
