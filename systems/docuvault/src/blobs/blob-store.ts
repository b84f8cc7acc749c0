import type { Readable } from 'node:stream';

/** Bytes to store: a buffer or a stream. */
export type ByteSource = Uint8Array | AsyncIterable<Uint8Array>;

/** Bytes that are received and hashed, but not stored under their hash yet. */
export interface StagedBlob {
  /** SHA-256 (FIPS 180-4) in lower case hex. */
  readonly sha256: string;
  readonly size: number;
  /** Stores the bytes under their hash, durably. Idempotent. */
  keep(): Promise<void>;
  /** Deletes the received copy; bytes stored by `keep` stay. Never fails. */
  discard(): Promise<void>;
}

/**
 * A content-addressed store: bytes under their hash, each content once. It knows no documents: `vault.ts` ensures that
 * bytes are not removed while a document that references them is being written.
 */
export interface BlobStore {
  /**
   * Receives bytes, to be kept or discarded later.
   *
   * @param options - `limit`: the maximum number of bytes
   * @throws AshlarError `size-exceeded`; the errors of `source`. On failure no bytes remain.
   */
  stage(source: ByteSource, options: { readonly limit: number }): Promise<StagedBlob>;
  /**
   * Opens the bytes of a hash as a stream.
   *
   * @throws AshlarError `bytes-missing`
   */
  read(sha256: string): Promise<Readable>;
  /** Tells whether the bytes of a hash are stored. */
  has(sha256: string): Promise<boolean>;
  /** Removes the bytes of a hash, if stored. */
  remove(sha256: string): Promise<void>;
  /** Lists the hashes of all stored bytes, in no order. */
  list(): AsyncIterable<string>;
  /**
   * Removes received copies of processes that no longer run.
   *
   * @returns the number of removed copies
   */
  clean(): Promise<number>;
}
