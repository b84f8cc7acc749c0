import { createHash, type Hash } from 'node:crypto';
import type { Bytes } from './age/payload.js';

/**
 * Called with the progress of a backup, verification or restoration: the bytes of the copy that are done, and their
 * total.
 */
export type OnProgress = (done: number, total: number | undefined) => void;

/** The size of a stream in bytes, and the SHA-256 of its content in hex. */
export interface Measured {
  readonly size: number;
  readonly sha256: string;
}

/** Counts and hashes the bytes of a stream that passes through. */
export class Meter {
  readonly #hash: Hash = createHash('sha256');
  #size = 0;

  async *measure(source: Bytes): AsyncGenerator<Uint8Array> {
    for await (const part of source) {
      this.#hash.update(part);
      this.#size += part.length;
      yield part;
    }
  }

  /** The size and hash of all bytes. Read it once, after the last byte. */
  get measured(): Measured {
    return { size: this.#size, sha256: this.#hash.digest('hex') };
  }
}

/** Yields a stream unchanged, and reports the number of bytes that have passed. */
export async function* counted(source: Bytes, onBytes: (done: number) => void): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const part of source) {
    done += part.length;
    onBytes(done);
    yield part;
  }
}
