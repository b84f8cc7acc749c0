/** Gives the lock back; a second call does nothing. */
export type Unlock = () => void;

interface Waiter {
  readonly grant: (unlock: Unlock) => void;
  readonly refuse: (error: unknown) => void;
  readonly timeout: number;
  readonly refusal: () => unknown;
  timer: NodeJS.Timeout | undefined;
}

/**
 * A lock that is granted in the order in which it was asked for. A waiter gives up when *one* holder keeps the lock
 * for longer than the waiter's timeout: a long queue that moves is no reason to fail.
 */
export class Lock {
  #held = false;
  #closed: (() => unknown) | undefined;
  readonly #waiters = new Set<Waiter>();

  get held(): boolean {
    return this.#held;
  }

  /** The lock at once, or `undefined`. */
  tryAcquire(): Unlock | undefined {
    if (this.#closed) throw this.#closed();
    return this.#held ? undefined : this.#grant();
  }

  /** The lock, in turn. Rejects with `refusal()` after `timeout` milliseconds under one holder. */
  acquire(timeout: number, refusal: () => unknown): Promise<Unlock> {
    const unlock = this.tryAcquire();
    if (unlock) return Promise.resolve(unlock);
    return new Promise((grant, refuse) => {
      const waiter: Waiter = { grant, refuse, timeout, refusal, timer: undefined };
      this.#waiters.add(waiter);
      this.#arm(waiter);
    });
  }

  /** Refuses all who wait and all who come. */
  close(refusal: () => unknown): void {
    this.#closed = refusal;
    for (const waiter of this.#waiters) {
      clearTimeout(waiter.timer);
      waiter.refuse(refusal());
    }
    this.#waiters.clear();
  }

  #arm(waiter: Waiter): void {
    clearTimeout(waiter.timer);
    waiter.timer = setTimeout(() => {
      this.#waiters.delete(waiter);
      waiter.refuse(waiter.refusal());
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
    next.grant(unlock);
  }
}
