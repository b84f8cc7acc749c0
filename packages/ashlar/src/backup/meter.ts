import { createHash, type Hash } from 'node:crypto';
import type { Bytes } from './age/payload.js';

/**
 * A function that is called during a backup, verification or restoration, with the bytes of the copy processed so far
 * and their total number.
 */
export type OnProgress = (done: number, total: number | undefined) => void;

/** The size of a stream in bytes, and the SHA-256 of its content in hex. */
export interface Measured {
  readonly size: number;
  readonly sha256: string;
}

/** Counts and hashes the bytes of a stream while they pass through. */
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

  /** The number and the hash of all bytes that have passed through. Read it once, after the last byte. */
  get measured(): Measured {
    return { size: this.#size, sha256: this.#hash.digest('hex') };
  }
}

/** Yields the chunks of a stream unchanged, and reports the number of bytes that have passed so far. */
export async function* counted(source: Bytes, onBytes: (done: number) => void): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const part of source) {
    done += part.length;
    onBytes(done);
    yield part;
  }
}
