import { hash } from 'node:crypto';
import type { BulkRow, BulkValue, Checksum } from '../../contract/bulk.js';

/** Between the fields of a row's line: a control character that hardly any text has. */
export const fieldSeparator = '\u001f';

const real = new DataView(new ArrayBuffer(8));

const realHex = (value: number): string => {
  real.setFloat64(0, value);
  return real.getBigUint64(0).toString(16).padStart(16, '0');
};

const canonical = (value: BulkValue): string => {
  if (value === null) return '-';
  return `+${typeof value === 'number' ? realHex(value) : value}`;
};

const foldAfter = 1_000_000;

/**
 * The sum, modulo 2^64, over the first 8 bytes of the SHA-256 hashes of rows, and their number. It does not depend on the order
 * of the rows. It finds accidents; against people there are ledgers.
 */
export class RowSum {
  #rows = 0;
  #high = 0;
  #low = 0;
  #folded = 0n;
  #unfolded = 0;

  add(rows: readonly BulkRow[]): void {
    for (const row of rows) {
      let line = '';
      for (let at = 0; at < row.length; at++)
        line += `${at === 0 ? '' : fieldSeparator}${canonical(row[at] as BulkValue)}`;
      const digest = hash('sha256', line, 'buffer');
      // in two halves: a bigint for each row takes as long as the hash
      this.#high += digest.readUInt32BE(0);
      this.#low += digest.readUInt32BE(4);
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

/** Returns a sum, modulo 2^64, as 16 hex digits. */
export function sumText(sum: bigint): string {
  return BigInt.asUintN(64, sum).toString(16).padStart(16, '0');
}
