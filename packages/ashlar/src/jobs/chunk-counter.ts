import type { NewJobChunk } from './model.js';

/** Divides the rows of an import into the chunks that workers lease. A chunk whose rows have all failed is done. */
export class ChunkCounter {
  readonly #jobId: string;
  readonly #size: number;
  readonly #chunks: { lo: number; hi: number; failed: number }[] = [];

  /** @param size - rows in a chunk */
  constructor(jobId: string, size: number) {
    this.#jobId = jobId;
    this.#size = Math.max(1, size);
  }

  /** Counts one more row, in the last chunk or, if that is full, in a new chunk. */
  add(rowNumber: number, failed: boolean): void {
    let chunk = this.#chunks.at(-1);
    if (!chunk || rowNumber - chunk.lo >= this.#size) {
      chunk = { lo: rowNumber, hi: rowNumber, failed: 0 };
      this.#chunks.push(chunk);
    }
    chunk.hi = rowNumber;
    if (failed) chunk.failed++;
  }

  /** Returns the chunks of all added rows, ready to be inserted. */
  all(): NewJobChunk[] {
    return this.#chunks.map(({ lo, hi, failed }, position) => ({
      job_id: this.#jobId,
      chunk: position + 1,
      lo,
      hi,
      state: failed > hi - lo ? 'done' : 'open',
      failed_rows: failed,
    }));
  }
}
