const ignore = (): void => undefined;

let ready: (() => void)[] = [];

let next = 0;

// one at a time: a callback that goes on after the first of several results, as after Promise.race, still has open calls,
// also where the engine gave all results at once
const handOver = (): void => {
  ready[next++]?.();
  if (next === ready.length) {
    ready = [];
    next = 0;
  } else queueMicrotask(afterNext);
};

const afterNext = (): void => process.nextTick(handOver);

// `process.nextTick` runs when no promise has work left. SQLite and PGlite answer in the same turn of the event loop; a
// result that is handed over now comes after the end of a callback that does not wait for it, however deep its promises
const afterPromises = (settle: () => void): void => {
  if (ready.push(settle) === 1) process.nextTick(handOver);
};

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

  /** Counts a call from now on. @returns a function that ends the count; a second call of it does nothing */
  start(): () => void {
    let isCounted = true;
    this.#open++;
    return () => {
      if (isCounted) this.#open--;
      isCounted = false;
    };
  }

  /**
   * Counts a call until its result is handed over. `isReported` says whether the session itself reports the failure of its
   * calls: then the rejection needs no handler.
   */
  run<R>(work: () => Promise<R>, isReported: () => boolean): Promise<R> {
    // written without async functions: each promise costs more here, because AsyncLocalStorage follows it
    this.#open++;
    const result = new Promise<R>((resolve, reject) => {
      work().then(
        (value) => this.#later(() => resolve(value)),
        (error: unknown) => {
          this.#later(() => {
            if (isReported()) result.catch(ignore);
            reject(error);
          });
        },
      );
    });
    return result;
  }

  #later(settle: () => void): void {
    afterPromises(() => {
      this.#open--;
      if (!this.isAbandoned) settle();
    });
  }

  /**
   * Gives up the calls that are not handed over yet: their promises never settle. No code waits for them; a rejection
   * would end the process, and code that goes on would work in a session that was refused.
   */
  abandon(): void {
    this.#abandoned = true;
  }

  /** Whether the calls of this level, or of a level around it, were abandoned. */
  get isAbandoned(): boolean {
    for (let calls: Calls | undefined = this; calls; calls = calls.#outer) if (calls.#abandoned) return true;
    return false;
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
