import type { NewJobChunk } from './model.js';
import type { MadeRow } from './row-maker.js';

/** A chunk of an import, before it is known of which job. */
type MadeChunk = Omit<NewJobChunk, 'job_id'>;

/** Divides the rows of an import into the chunks that workers lease. A chunk whose rows have all failed is done. */
export class ChunkCounter {
  readonly #size: number;
  #made = 0;

  /** @param size - rows in a chunk */
  constructor(size: number) {
    this.#size = size;
  }

  /**
   * Returns the chunks of the next rows.
   *
   * @param first - the number of the first of them
   */
  chunksOf(rows: readonly MadeRow[], first: number): readonly MadeChunk[] {
    const chunks: MadeChunk[] = [];
    for (let start = 0; start < rows.length; start += this.#size) {
      const some = rows.slice(start, start + this.#size);
      const failed = some.filter(({ reason }) => reason !== undefined).length;
      chunks.push({
        chunk: this.#made + chunks.length + 1,
        lo: first + start,
        hi: first + start + some.length - 1,
        state: failed === some.length ? 'done' : 'open',
        failed_rows: failed,
      });
    }
    return chunks;
  }

  /** Counts chunks that were written. */
  advance(chunks: readonly MadeChunk[]): void {
    this.#made += chunks.length;
  }
}
