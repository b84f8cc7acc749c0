import { inspect } from 'node:util';

/**
 * Wraps a secret value so that it is never printed: `toString`, template literals, JSON, `util.inspect` and logs show
 * `[secret]`, or a given harmless form. Only {@link Secret.reveal} returns the value.
 */
export class Secret {
  readonly #value: string;
  readonly #shown: string;

  /** @param shown - what is printed instead: `[secret]`, or a harmless form (a URL without its password) */
  constructor(value: string, shown = '[secret]') {
    this.#value = value;
    this.#shown = shown;
  }

  /** Returns the secret value. Pass it to a driver, never to a message. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return this.#shown;
  }

  toJSON(): string {
    return this.#shown;
  }

  [Symbol.toPrimitive](): string {
    return this.#shown;
  }

  [inspect.custom](): string {
    return this.#shown;
  }
}

/** Returns the value of a {@link Secret}, or a plain text unchanged. Pass it to a driver, never to a message. */
export function reveal(value: string | Secret): string {
  return value instanceof Secret ? value.reveal() : value;
}
