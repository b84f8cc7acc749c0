import type { Connection } from './connection.js';

interface Waiter {
  readonly resolve: (connection: Connection) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: NodeJS.Timeout;
}

/** A pool of read connections. They are opened on demand, and each serves one transaction at a time. */
export class Readers {
  readonly #open: () => Connection;
  readonly #most: number;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();
  readonly #waiters = new Set<Waiter>();
  #closed: (() => unknown) | undefined;

  /** @param most - the maximum number of connections, at least 1 */
  constructor(open: () => Connection, most: number) {
    this.#open = open;
    this.#most = Math.max(1, most);
  }

  get busy(): number {
    return this.#all.size - this.#idle.length;
  }

  get all(): Iterable<Connection> {
    return this.#all;
  }

  /**
   * Takes an idle connection or opens a new one; returns `undefined` if the maximum number of connections is in use.
   * @throws the error given to {@link Readers.close}
   */
  tryAcquire(): Connection | undefined {
    if (this.#closed) throw this.#closed();
    const idle = this.#idle.pop();
    if (idle) return idle;
    if (this.#all.size >= this.#most) return undefined;
    const connection = this.#open();
    this.#all.add(connection);
    return connection;
  }

  /**
   * Waits for a free connection; callers get connections in the order of their requests. Rejects with `timeoutError()`
   * after `timeout` milliseconds.
   */
  acquire(timeout: number, timeoutError: () => unknown): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const connection = this.tryAcquire();
      if (connection) {
        resolve(connection);
        return;
      }
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(timeoutError());
      }, timeout);
      const waiter: Waiter = { resolve, reject, timer };
      this.#waiters.add(waiter);
    });
  }

  /** Returns a connection to the pool, or closes it when it must not be used again. */
  release(connection: Connection, outcome: 'usable' | 'discard'): void {
    if (outcome === 'discard' || this.#closed) {
      this.#all.delete(connection);
      connection.close();
      this.#serve();
      return;
    }
    this.#idle.push(connection);
    this.#serve();
  }

  /** Rejects all waiting and all later requests with `closedError()`, and closes the idle connections. */
  close(closedError: () => unknown): void {
    this.#closed = closedError;
    for (const waiter of this.#waiters) {
      clearTimeout(waiter.timer);
      waiter.reject(closedError());
    }
    this.#waiters.clear();
    for (const connection of this.#idle.splice(0)) {
      this.#all.delete(connection);
      connection.close();
    }
  }

  #serve(): void {
    const [next] = this.#waiters;
    if (!next) return;
    try {
      const connection = this.tryAcquire();
      if (!connection) return;
      this.#waiters.delete(next);
      clearTimeout(next.timer);
      next.resolve(connection);
    } catch (error) {
      this.#waiters.delete(next);
      clearTimeout(next.timer);
      next.reject(error);
    }
  }
}
