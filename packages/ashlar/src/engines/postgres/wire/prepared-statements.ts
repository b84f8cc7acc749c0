/** What to call a statement on its connection, whether it is prepared there already, and which one must go for it. */
export interface KeptStatement {
  readonly name: string;
  readonly known: boolean;
  readonly evicted: string | undefined;
}

/**
 * The prepared statements of one connection, least recently used first out. Names count up and are never used twice:
 * a name that the server still knows can then never stand for another text.
 */
export class KeptStatements {
  readonly #names = new Map<string, string>();
  readonly #limit: number;
  #count = 0;

  constructor(limit = 300) {
    this.#limit = limit;
  }

  /** The name of a statement's text; new texts get a new one. */
  keep(text: string): KeptStatement {
    const name = this.#names.get(text);
    if (name !== undefined) {
      this.#names.delete(text);
      this.#names.set(text, name);
      return { name, known: true, evicted: undefined };
    }
    const fresh = `a${++this.#count}`;
    this.#names.set(text, fresh);
    return { name: fresh, known: false, evicted: this.#evict() };
  }

  /** After a statement could not be prepared, or all were dropped. */
  forget(text?: string): void {
    if (text === undefined) this.#names.clear();
    else this.#names.delete(text);
  }

  #evict(): string | undefined {
    if (this.#names.size <= this.#limit) return undefined;
    for (const [text, name] of this.#names) {
      this.#names.delete(text);
      return name;
    }
    return undefined;
  }
}
