import { notAwaitedError, stillRunningError } from './session-errors.js';

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
 * The promise of a call. It knows whether any code waits for it: `await`, `then`, `catch` and `Promise.all` all read the
 * property `constructor` of a promise. The getter answers `Promise`, so that they make no further promise.
 */
class CallPromise<R> extends Promise<R> {
  isAwaited = false;
}
Object.defineProperty(CallPromise.prototype, 'constructor', {
  get(this: CallPromise<unknown>) {
    this.isAwaited = true;
    return Promise;
  },
});

/** A call that has ended before any code waited for it. */
interface Unawaited {
  readonly promise: CallPromise<unknown>;
  /** The error with which it failed; `undefined` if it succeeded. */
  readonly error: unknown;
}

/**
 * Counts the calls of one level that were started and whose results were not handed over yet. A callback that returns
 * while there are such calls, or that did not wait for one of its calls, has forgotten an `await`.
 */
export class Calls {
  readonly #outer: Calls | undefined;
  #open = 0;
  #unawaited: Unawaited[] = [];
  #ended = false;
  #abandoned = false;

  constructor(outer: Calls | undefined) {
    this.#outer = outer;
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
   * Refuses a callback that returned before its calls had ended, or that did not wait for one.
   *
   * @throws AshlarError `session-not-awaited`; its `cause` is the error of the call, if it failed
   */
  assertAwaited(): void {
    if (this.#open > 0) {
      this.#abandoned = true;
      throw stillRunningError();
    }
    const forgotten = this.#unawaited.filter(({ promise }) => !promise.isAwaited);
    const [call] = [...forgotten.filter(({ error }) => error !== undefined), ...forgotten];
    if (call) throw notAwaitedError(call.error);
  }

  /** Records that the callback has ended: from now on no one looks for forgotten calls. */
  end(): void {
    this.#ended = true;
    this.#unawaited = [];
  }

  /**
   * Counts a call until its result is handed over. `isReported` says whether the session itself reports the failure of its
   * calls.
   */
  run<R>(work: () => Promise<R>, isReported: () => boolean): Promise<R> {
    // written without async functions: each promise costs more here, because AsyncLocalStorage follows it
    this.#open++;
    const result = new CallPromise<R>((resolve, reject) => {
      work().then(
        (value) => {
          this.#later(() => {
            if (!result.isAwaited) this.#notAwaited(result, undefined);
            resolve(value);
          });
        },
        (error: unknown) => {
          this.#later(() => {
            if (!result.isAwaited && (!this.#ended || isReported())) {
              // the session reports the call, so that Node need not end the process
              result.catch(ignore);
              result.isAwaited = false;
              this.#notAwaited(result, error);
            }
            reject(error);
          });
        },
      );
    });
    return result;
  }

  #notAwaited(promise: CallPromise<unknown>, error: unknown): void {
    if (!this.#ended) this.#unawaited.push({ promise, error });
  }

  #later(settle: () => void): void {
    afterPromises(() => {
      this.#open--;
      if (!this.isAbandoned) settle();
    });
  }

  /**
   * Whether the calls of this level, or of a level around it, were given up when they were not handed over yet: their
   * promises never settle. No code waits for them; a rejection would end the process, and code that goes on would work in
   * a session that was refused.
   */
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
