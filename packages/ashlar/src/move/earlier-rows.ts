import type { BulkTable } from '../contract/bulk.js';
import type { Owner } from '../contract/owner.js';
import { hasRows } from './has-rows.js';
import { type Mark, writeFilled } from './mark.js';
import { notEmpty } from './refusals.js';

/**
 * The rows of the tables to move that were there before the move, without rows. Loading empties them: of rows that steps of the
 * move have put there, and not of those of another program.
 */
export class EarlierRows {
  readonly #owner: Owner;
  readonly #names: readonly string[];
  readonly #filled: Set<string>;

  /** @param tables - those to move */
  constructor(owner: Owner, tables: readonly BulkTable[], { detail, filled }: Mark) {
    const before = new Set(detail.before.schema.tables.map(({ name }) => name));
    this.#owner = owner;
    this.#names = tables
      .filter(({ name, hasFirstRows }) => !hasFirstRows && before.has(name))
      .map(({ name }) => name);
    this.#filled = new Set(filled);
  }

  /** @throws AshlarError `move-target-not-empty` where a program has put rows into one since the move began */
  async assertOwn(): Promise<void> {
    const others = await this.#others();
    if (others.length > 0) throw notEmpty(others);
  }

  /** Notes in the mark which of them have rows since the last call, in the transaction of a step. */
  async note(): Promise<void> {
    for (const name of await this.#others()) {
      await writeFilled(this.#owner, name);
      this.#filled.add(name);
    }
  }

  async #others(): Promise<readonly string[]> {
    const found: string[] = [];
    for (const name of this.#names)
      if (!this.#filled.has(name) && (await hasRows(this.#owner, name))) found.push(name);
    return found;
  }
}
