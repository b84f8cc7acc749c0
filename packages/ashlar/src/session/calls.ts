const ignore = (): void => undefined;

// `process.nextTick` runs when no promise has work left. SQLite and PGlite answer in the same turn of the event loop; a
// result that is handed over now comes after the end of a callback that does not wait for it, however deep its promises
const afterPromises = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

/**
 * Counts the calls of one level that were started and whose results were not handed over yet. A callback that returns
 * while there are such calls has forgotten an `await`.
 */
export class Calls {
  readonly #outer: Calls | undefined;
  #open = 0;
  #abandoned = false;

  constructor(outer: Calls | undefined) {
    this.#outer = outer;
  }

  /** Whether a call was started and its result was not handed over yet. */
  get open(): boolean {
    return this.#open > 0;
  }

  /**
   * Counts a call from now on. @returns a function that hands its result over, and must be awaited before the result is
   * returned; a second call does nothing
   */
  start(): () => Promise<void> {
    let isCounted = true;
    this.#open++;
    return async () => {
      if (!isCounted) return;
      isCounted = false;
      await afterPromises();
      this.#open--;
      await this.unlessAbandoned();
    };
  }

  /**
   * Counts a call until its result is handed over. `isReported` says whether the session itself reports the failure of its
   * calls: then it does not matter that nobody handles the rejection.
   */
  run<R>(work: () => Promise<R>, isReported: () => boolean): Promise<R> {
    const counted = async (): Promise<R> => {
      const handOver = this.start();
      try {
        return await work();
      } catch (error) {
        if (isReported()) result.catch(ignore);
        throw error;
      } finally {
        await handOver();
      }
    };
    const result = counted();
    return result;
  }

  /**
   * Gives up the calls that are not handed over yet: their promises never settle. Nobody waits for them; a rejection
   * would end the process, and code that goes on would work in a session that was refused.
   */
  abandon(): void {
    this.#abandoned = true;
  }

  /** Waits for ever after {@link Calls.abandon}; otherwise does nothing. */
  unlessAbandoned(): Promise<never> | undefined {
    for (let calls: Calls | undefined = this; calls; calls = calls.#outer) {
      // a new promise, which is collected together with the code that waits for it
      if (calls.#abandoned) return new Promise(ignore);
    }
    return undefined;
  }
}

// the constructor of async functions has no name of its own
const AsyncFunction = (async () => undefined).constructor;

/**
 * Replaces every asynchronous method of a class by one that counts its calls, except those in `uncounted`. So a call
 * counts from its first moment, also one that fails before it sends a statement.
 */
export function countCalls<T extends { call<R>(work: () => Promise<R>): Promise<R> }>(
  prototype: T,
  uncounted: readonly (keyof T)[],
): void {
  for (const [name, { value, ...rest }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (!(value instanceof AsyncFunction) || uncounted.includes(name as keyof T)) continue;
    const method = value as (this: T, ...given: unknown[]) => Promise<unknown>;
    const counted = function (this: T, ...given: unknown[]): Promise<unknown> {
      return this.call(() => method.apply(this, given));
    };
    Object.defineProperty(prototype, name, { ...rest, value: counted });
  }
}
