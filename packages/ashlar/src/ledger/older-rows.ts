import type { LedgerReader } from '../contract/ledger.js';
import type { Entry } from './entry.js';
import type { KnownRoot } from './problems.js';

const atOnce = 1_000;
/** A seal of many rows writes a block for each run of this many entries, or of a multiple. */
const run = 1_000;

/**
 * Says where a ledger may have entries without a time. Only rows that are older than the ledger have none, and the first seal
 * takes all of them: an entry without a time behind it hides when its row was written.
 */
export class OlderRows {
  readonly #reader: LedgerReader;
  /** The size of the smallest signed checkpoint: whatever is older than the ledger was sealed when it was signed. */
  readonly #signed: number;
  #firstSeal: number | undefined;
  /** Whether an entry that was looked at has a time. */
  #hasTime = false;
  /** Whether an entry that was looked at was made by PostgreSQL, whose salts are UUIDs: a moved ledger has those of SQLite before. */
  #isServers = false;

  /** @param roots - signed checkpoints */
  constructor(reader: LedgerReader, roots: readonly KnownRoot[]) {
    this.#reader = reader;
    this.#signed = roots.reduce((least, { size }) => (size > 0 ? Math.min(least, size) : least), Infinity);
  }

  /** Whether the entry of a position has a time, or may lack it. The entries are asked for in the order of their positions. */
  async fits(position: number, { at, salt }: Entry): Promise<boolean> {
    this.#isServers ||= salt.includes('-');
    if (at !== '') {
      this.#hasTime = true;
      return true;
    }
    if (position >= this.#signed) return false;
    // PostgreSQL sorts older rows first; on SQLite the step that makes the ledger may insert before its seal
    if (this.#hasTime && this.#isServers) return false;
    this.#firstSeal ??= await endOfFirstSeal(this.#reader);
    return position < this.#firstSeal;
  }
}

const endOfFirstSeal = async (reader: LedgerReader): Promise<number> => {
  for (let size = 0; ; ) {
    const blocks = await reader.blocks(size, atOnce);
    const end = blocks.find((block) => block.size % run !== 0);
    if (end) return end.size;
    size = blocks.at(-1)?.size ?? size;
    if (blocks.length < atOnce) return size;
  }
};
