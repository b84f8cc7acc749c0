import { type CodeToken, depths, hasWords, nameOf, splitAtCommas } from '../sql/code.js';

const subjects: ReadonlySet<string> = new Set(
  'TABLE VIEW INDEX SEQUENCE TYPE DOMAIN FUNCTION PROCEDURE INTO FROM UPDATE'.split(' '),
);
const statements: ReadonlySet<string> = new Set('CREATE ALTER DROP INSERT UPDATE DELETE TRUNCATE'.split(' '));

/** Reads a statement, or one action of an ALTER TABLE, from its first word on. */
export class Reader {
  readonly #tokens: readonly CodeToken[];
  #at = 0;

  constructor(tokens: readonly CodeToken[]) {
    this.#tokens = tokens;
  }

  /** All tokens of the statement, also those that were read. */
  get tokens(): readonly CodeToken[] {
    return this.#tokens;
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
   * schema, in lower case if it has no quotes, or `''` if there is none.
   */
  table(): string {
    if (!this.take('IF', 'NOT', 'EXISTS')) this.take('IF', 'EXISTS');
    this.take('ONLY');
    if (this.#tokens[this.#at + 1]?.text === '.') this.#at += 2;
    const token = this.#tokens[this.#at];
    this.#at += 1;
    if (!token) return '';
    // both engines ignore the case of a name without quotes
    return token.kind === 'word' ? token.text.toLowerCase() : nameOf(token);
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

  /** Returns whether the given words come next at some place that is left, in or outside parentheses. */
  has(...words: readonly string[]): boolean {
    return this.#tokens.some((_, at) => at >= this.#at && hasWords(this.#tokens, at, ...words));
  }

  /** Returns the texts of the tokens that are left; names without quotes, words in upper case. */
  rest(): readonly string[] {
    return this.#tokens
      .slice(this.#at)
      .map((token) => token.word || (token.kind === 'name' ? nameOf(token) : token.text));
  }

  /** Returns a reader of what the next parentheses enclose; `undefined` if none come next. */
  inside(): Reader | undefined {
    if (this.#tokens[this.#at]?.text !== '(') return undefined;
    const depth = depths(this.#tokens);
    const outside = depth[this.#at];
    const end = this.#tokens.findIndex(
      ({ text }, at) => at > this.#at && text === ')' && depth[at] === outside,
    );
    return new Reader(this.#tokens.slice(this.#at + 1, end < 0 ? undefined : end));
  }

  /** Returns all names that are left, keywords included; in lower case if they have no quotes. */
  names(): readonly string[] {
    return this.#tokens
      .slice(this.#at)
      .filter(({ kind }) => kind === 'word' || kind === 'name')
      .map((token) => (token.kind === 'word' ? token.text.toLowerCase() : nameOf(token)));
  }

  /** Returns whether the statement sets a setting of the session: by SET, RESET, or set_config. */
  sets(setting: string): boolean {
    const words = this.#tokens
      .slice(this.#at)
      .map((token) =>
        token.kind === 'word' ? token.text.toLowerCase() : token.kind === 'name' ? nameOf(token) : token.text,
      );
    const path = setting.split('.').flatMap((part, at) => (at === 0 ? [part] : ['.', part]));
    const isAt = (at: number): boolean => path.every((part, i) => words[at + i] === part);
    if (
      words.some(
        (word, at) => word === 'set_config' && words[at + 1] === '(' && words[at + 2] === `'${setting}'`,
      )
    )
      return true;
    const set = words.findIndex((word) => word === 'set' || word === 'reset');
    if (set < 0 || (set > 0 && words[0] !== 'alter')) return false;
    const at = words[set + 1] === 'local' || words[set + 1] === 'session' ? set + 2 : set + 1;
    return isAt(at);
  }

  /** Returns the schema before the name of the object that a statement of the schema or of rows is about. */
  subjectSchema(): string | undefined {
    const at = this.#tokens.findIndex(({ word }) => subjects.has(word));
    if (at < 0 || !statements.has(this.#tokens[0]?.word ?? '')) return undefined;
    const reader = new Reader(this.#tokens.slice(at + 1));
    reader.take('CONCURRENTLY');
    return reader.schema();
  }

  /** Returns the schema before the next name, if it has one. */
  schema(): string | undefined {
    if (!this.take('IF', 'NOT', 'EXISTS')) this.take('IF', 'EXISTS');
    this.take('ONLY');
    const token = this.#tokens[this.#at];
    if (!token || this.#tokens[this.#at + 1]?.text !== '.') return undefined;
    return token.kind === 'word' ? token.text.toLowerCase() : nameOf(token);
  }

  /** Splits the remaining tokens at the commas between them; returns a reader for each part. */
  parts(): readonly Reader[] {
    return splitAtCommas(this.#tokens.slice(this.#at)).map((part) => new Reader(part));
  }
}
