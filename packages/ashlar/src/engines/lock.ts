/** How long to wait for a lock, in milliseconds, unless an option says otherwise. */
export const defaultLockTimeout = 5_000;

/** The advice for a session that waits for another one of the same process, which may be the one around it. */
export const lostContext =
  'If it was opened inside another session, its async context was lost there, for example in an event emitter or in a queue of another library: pass the outer session on, and call s.session(…) of it.';

/** A function that releases a lock; a second call does nothing. */
export type Unlock = () => void;

interface Waiter {
  readonly resolve: (unlock: Unlock) => void;
  readonly reject: (error: unknown) => void;
  readonly timeout: number;
  readonly timeoutError: () => unknown;
  timer: NodeJS.Timeout | undefined;
}

/**
 * A lock that is granted in the order of the requests, to one holder at a time or to several. A waiter gives up when *no*
 * holder releases it within the waiter's timeout: a long queue that moves is no reason to fail.
 */
export class Lock {
  readonly #most: number;
  #holders = 0;
  #closed: (() => unknown) | undefined;
  readonly #waiters = new Set<Waiter>();

  /** @param most - how many may hold the lock at a time, at least 1 */
  constructor(most = 1) {
    this.#most = Math.max(1, most);
  }

  get held(): boolean {
    return this.#holders > 0;
  }

  /**
   * Takes the lock and returns its release function; returns `undefined` if the lock is not free. @throws the error
   * given to {@link Lock.close}
   */
  tryAcquire(): Unlock | undefined {
    if (this.#closed) throw this.#closed();
    return this.#holders < this.#most ? this.#grant() : undefined;
  }

  /**
   * Waits until the lock is granted to this caller; callers get the lock in the order of their requests. Rejects with
   * `timeoutError()` when no holder has released it for `timeout` milliseconds.
   */
  acquire(timeout: number, timeoutError: () => unknown): Promise<Unlock> {
    const unlock = this.tryAcquire();
    if (unlock) return Promise.resolve(unlock);
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { resolve, reject, timeout, timeoutError, timer: undefined };
      this.#waiters.add(waiter);
      this.#arm(waiter);
    });
  }

  /** Rejects all waiting and all later requests with `closedError()`. */
  close(closedError: () => unknown): void {
    this.#closed = closedError;
    for (const waiter of this.#waiters) {
      clearTimeout(waiter.timer);
      waiter.reject(closedError());
    }
    this.#waiters.clear();
  }

  #arm(waiter: Waiter): void {
    clearTimeout(waiter.timer);
    waiter.timer = setTimeout(() => {
      this.#waiters.delete(waiter);
      waiter.reject(waiter.timeoutError());
    }, waiter.timeout);
  }

  #grant(): Unlock {
    this.#holders++;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#release();
    };
  }

  #release(): void {
    this.#holders--;
    const [next] = this.#waiters;
    if (!next) return;
    this.#waiters.delete(next);
    clearTimeout(next.timer);
    const unlock = this.#grant();
    for (const waiter of this.#waiters) this.#arm(waiter);
    next.resolve(unlock);
  }
}
