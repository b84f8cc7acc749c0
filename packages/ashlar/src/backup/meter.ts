import { createHash, type Hash } from 'node:crypto';
import type { Bytes } from './age/payload.js';

/** How far long work has come, in bytes of the copy. */
export type OnProgress = (done: number, total: number | undefined) => void;

/** How many bytes there were, and their hash. */
export interface Measured {
  readonly size: number;
  readonly sha256: string;
}

/** Counts and hashes what passes. */
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

  /** To be asked for once, at the end. */
  get measured(): Measured {
    return { size: this.#size, sha256: this.#hash.digest('hex') };
  }
}

/** Tells how many bytes have passed. */
export async function* counted(source: Bytes, onBytes: (done: number) => void): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const part of source) {
    done += part.length;
    onBytes(done);
    yield part;
  }
}
