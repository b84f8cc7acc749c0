/**
 * A cache with a maximum size. It has two generations, so that a hit costs one look-up and no bookkeeping: a value that
 * was not used during a whole generation is dropped.
 */
export class BoundedCache<Value> {
  readonly #generation: number;
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();

  /** @param size - the maximum number of values */
  constructor(size: number) {
    this.#generation = Math.max(1, Math.floor(size / 2));
  }

  get(text: string): Value | undefined {
    const young = this.#young.get(text);
    if (young !== undefined) return young;
    const old = this.#old.get(text);
    if (old !== undefined) this.set(text, old);
    return old;
  }

  set(text: string, value: Value): void {
    if (this.#young.size >= this.#generation) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(text, value);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }
}
