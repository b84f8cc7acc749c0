import { hash } from 'node:crypto';
import type { Checksum } from '../../contract/bulk.js';

const foldAfter = 1_000_000;

/**
 * The sum, modulo 2^64, over the first 8 bytes of the SHA-256 hashes of the lines of rows, and their number. It does not depend
 * on the order of the rows. It finds accidents; against people there are ledgers.
 */
export class RowSum {
  #rows = 0;
  #high = 0;
  #low = 0;
  #folded = 0n;
  #unfolded = 0;

  add(lines: readonly string[]): void {
    for (const line of lines) {
      // a text of bytes: a buffer for each row takes twice as long as the hash
      const digest = hash('sha256', line, 'binary');
      // in two halves, because a bigint for each row takes as long, too
      this.#high += word(digest, 0);
      this.#low += word(digest, 4);
      this.#rows++;
      if (++this.#unfolded === foldAfter) this.#fold();
    }
  }

  get value(): Checksum {
    this.#fold();
    return { rows: this.#rows, sum: sumText(this.#folded) };
  }

  #fold(): void {
    this.#folded = BigInt.asUintN(64, this.#folded + (BigInt(this.#high) << 32n) + BigInt(this.#low));
    this.#high = 0;
    this.#low = 0;
    this.#unfolded = 0;
  }
}

const word = (bytes: string, at: number): number =>
  bytes.charCodeAt(at) * 0x1000000 +
  ((bytes.charCodeAt(at + 1) << 16) | (bytes.charCodeAt(at + 2) << 8) | bytes.charCodeAt(at + 3));

/** Returns a sum, modulo 2^64, as 16 hex digits. */
export function sumText(sum: bigint): string {
  return BigInt.asUintN(64, sum).toString(16).padStart(16, '0');
}
