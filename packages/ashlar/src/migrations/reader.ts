import { type CodeToken, depths, hasWords, nameOf, splitAtCommas } from '../sql/code.js';

/** Reads a statement, or one action of an ALTER TABLE, from its first word on. */
export class Reader {
  readonly #tokens: readonly CodeToken[];
  #at = 0;

  constructor(tokens: readonly CodeToken[]) {
    this.#tokens = tokens;
  }

  /** Reads the given words if they come next, and returns whether they did. */
  take(...words: readonly string[]): boolean {
    const found = this.next(...words);
    if (found) this.#at += words.length;
    return found;
  }

  /** Returns whether the given words come next, without reading them. */
  next(...words: readonly string[]): boolean {
    return hasWords(this.#tokens, this.#at, ...words);
  }

  /** Skips the next word or symbol. */
  skip(): void {
    this.#at += 1;
  }

  /**
   * Reads the name of a table, with any IF [NOT] EXISTS, ONLY and schema before it; returns the name without the
   * schema, or `''` if there is none.
   */
  table(): string {
    if (!this.take('IF', 'NOT', 'EXISTS')) this.take('IF', 'EXISTS');
    this.take('ONLY');
    if (this.#tokens[this.#at + 1]?.text === '.') this.#at += 2;
    const token = this.#tokens[this.#at];
    this.#at += 1;
    return token ? nameOf(token) : '';
  }

  /** Skips past the next occurrence of the given words outside parentheses; returns false if there is none. */
  skipTo(...words: readonly string[]): boolean {
    const depth = depths(this.#tokens);
    const found = this.#tokens.findIndex(
      (_, at) => at >= this.#at && depth[at] === 0 && hasWords(this.#tokens, at, ...words),
    );
    if (found < 0) return false;
    this.#at = found + words.length;
    return true;
  }

  /** Returns whether a condition is true for one of the remaining words, including words in parentheses. */
  some(test: (word: string) => boolean): boolean {
    return this.#tokens.slice(this.#at).some(({ word }) => test(word));
  }

  /** Splits the remaining tokens at the commas between them; returns a reader for each part. */
  parts(): readonly Reader[] {
    return splitAtCommas(this.#tokens.slice(this.#at)).map((part) => new Reader(part));
  }
}
