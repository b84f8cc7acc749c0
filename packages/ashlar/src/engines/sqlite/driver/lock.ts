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
 * A lock that is granted in the order of the requests. A waiter gives up when *one* holder keeps the lock for longer than
 * the waiter's timeout: a long queue that moves is no reason to fail.
 */
export class Lock {
  #held = false;
  #closed: (() => unknown) | undefined;
  readonly #waiters = new Set<Waiter>();

  get held(): boolean {
    return this.#held;
  }

  /**
   * Takes the lock and returns its release function; returns `undefined` if the lock is not free. @throws the error
   * given to {@link Lock.close}
   */
  tryAcquire(): Unlock | undefined {
    if (this.#closed) throw this.#closed();
    return this.#held ? undefined : this.#grant();
  }

  /**
   * Waits until the lock is granted to this caller; callers get the lock in the order of their requests. Rejects with
   * `timeoutError()` after `timeout` milliseconds under one holder.
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
    this.#held = true;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#release();
    };
  }

  #release(): void {
    this.#held = false;
    const [next] = this.#waiters;
    if (!next) return;
    this.#waiters.delete(next);
    clearTimeout(next.timer);
    const unlock = this.#grant();
    for (const waiter of this.#waiters) this.#arm(waiter);
    next.resolve(unlock);
  }
}
