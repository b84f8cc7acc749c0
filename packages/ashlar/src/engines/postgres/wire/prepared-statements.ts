import { randomBytes } from 'node:crypto';

/**
 * A prepared statement: its name, whether it already exists on the server, and the name of the statement that it
 * evicts.
 */
export interface PreparedStatement {
  readonly name: string;
  readonly known: boolean;
  readonly evicted: string | undefined;
}

/**
 * The prepared statements of one connection; if there are too many, the least recently used statement is evicted. A
 * name is never reused, also not by another connection: behind a pooler, a server connection holds the statements of
 * several clients, and with a shared name one client would run the other's statement.
 */
export class PreparedStatements {
  readonly #names = new Map<string, string>();
  readonly #limit: number;
  readonly #prefix = `a${randomBytes(6).toString('base64url')}_`;
  #count = 0;

  constructor(limit = 300) {
    this.#limit = limit;
  }

  /** Returns the prepared statement for an SQL text; a new text gets a new name. */
  use(text: string): PreparedStatement {
    const name = this.#names.get(text);
    if (name !== undefined) {
      this.#names.delete(text);
      this.#names.set(text, name);
      return { name, known: true, evicted: undefined };
    }
    const fresh = `${this.#prefix}${++this.#count}`;
    this.#names.set(text, fresh);
    return { name: fresh, known: false, evicted: this.#evict() };
  }

  /**
   * Forgets the prepared statement of `text` after its preparation failed; without `text`, forgets all statements after
   * the server dropped them.
   */
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
