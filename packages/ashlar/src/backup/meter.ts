import { createHash, type Hash } from 'node:crypto';
import type { Bytes } from './age/payload.js';

/** Called with the progress of long work, in bytes of the copy. */
export type OnProgress = (done: number, total: number | undefined) => void;

/** The number of bytes, and their SHA-256 in hex. */
export interface Measured {
  readonly size: number;
  readonly sha256: string;
}

/** Counts and hashes the bytes that pass through. */
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

  /** Call once, after the last byte. */
  get measured(): Measured {
    return { size: this.#size, sha256: this.#hash.digest('hex') };
  }
}

/** Passes bytes through and reports their number. */
export async function* counted(source: Bytes, onBytes: (done: number) => void): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const part of source) {
    done += part.length;
    onBytes(done);
    yield part;
  }
}
