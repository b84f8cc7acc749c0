import type { Readable } from 'node:stream';
import { AshlarError } from 'ashlar';

/** Content to store: a buffer or a stream of bytes. */
export type ByteSource = Uint8Array | AsyncIterable<Uint8Array>;

/** Content that has been received and hashed, but is not stored yet. */
export interface StagedBlob {
  /** The SHA-256 hash of the content (FIPS 180-4), in lower-case hex. */
  readonly sha256: string;
  readonly size: number;
  /** The key under which the content is stored: a random UUID that no other content ever has. */
  readonly key: string;
  /** Stores the content under its key, durably. Called before the transaction that writes the row, which waits for no store. */
  store(): Promise<void>;
  /**
   * Called in the transaction that writes the row, under the lock of the key: throws if a sweep may already have removed
   * the content. Looks at nothing outside of this process.
   */
  assertKept(): void;
  /**
   * Deletes the received copy of the content when the upload has ended, with or without a row; content that was stored remains.
   * Never fails.
   */
  discard(): Promise<void>;
}

/**
 * A store of content under keys, which are the `object_key` of documents. Each document has a key of its own, so equal
 * content is stored once for each document. The store knows no documents: `vault.ts` ensures that content is not removed
 * while the document with its key is being written.
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
   * Opens the content with the given key as a stream.
   *
   * @throws AshlarError `bytes-missing`
   */
  read(key: string): Promise<Readable>;
  /** Tells whether content with the given key is stored. */
  has(key: string): Promise<boolean>;
  /** Removes the content with the given key, if it is stored. */
  remove(key: string): Promise<void>;
  /** Returns the id that marks whose content the store has; `undefined` before {@link setMark}. */
  mark(): Promise<string | undefined>;
  /** Marks a store that has no mark. */
  setMark(id: string): Promise<void>;
  /**
   * Lists the keys of stored content that a sweep may remove if no document has the key: without the content of uploads
   * that may still write their row.
   */
  list(): AsyncIterable<string>;
  /**
   * Removes the incomplete or unused copies that processes received and left behind when they ended.
   *
   * @returns the number of removed copies
   */
  clean(): Promise<number>;
  /**
   * Stores content under a key that a former version of this system stored under its hash.
   *
   * @returns whether there was such content
   */
  adopt?(sha256: string, key: string): Promise<boolean>;
  /** Removes content that is stored under hashes, once all of it has been adopted. */
  dropFormer?(): Promise<void>;
}

/** Whether a text is a key: a UUID in lower case. */
export function isKey(text: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

/** Creates the error `bytes-missing`. */
export function bytesMissing(key: string): AshlarError {
  return new AshlarError('bytes-missing', {
    message: `The blob store has no content with the key ${key.slice(0, 64)}.`,
    suggestion: 'Restore the content together with the database.',
  });
}
