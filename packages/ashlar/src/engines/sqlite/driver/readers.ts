import type { Connection } from './connection.js';

interface Waiter {
  readonly grant: (connection: Connection) => void;
  readonly refuse: (error: unknown) => void;
  readonly timer: NodeJS.Timeout;
}

/** Connections that read, opened when they are needed, each for one transaction at a time. */
export class Readers {
  readonly #open: () => Connection;
  readonly #most: number;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();
  readonly #waiters = new Set<Waiter>();
  #closed: (() => unknown) | undefined;

  /** @param most - how many connections there are at most */
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

  /** A connection at once, or `undefined` when all are in use. */
  tryAcquire(): Connection | undefined {
    if (this.#closed) throw this.#closed();
    const idle = this.#idle.pop();
    if (idle) return idle;
    if (this.#all.size >= this.#most) return undefined;
    const connection = this.#open();
    this.#all.add(connection);
    return connection;
  }

  /** A connection, in turn. Rejects with `refusal()` after `timeout` milliseconds. */
  acquire(timeout: number, refusal: () => unknown): Promise<Connection> {
    return new Promise((grant, refuse) => {
      const connection = this.tryAcquire();
      if (connection) {
        grant(connection);
        return;
      }
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        refuse(refusal());
      }, timeout);
      const waiter: Waiter = { grant, refuse, timer };
      this.#waiters.add(waiter);
    });
  }

  /** Gives a connection back, or gives it up when it can no longer be trusted. */
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

  /** Refuses all who wait and all who come, and closes what is idle. */
  close(refusal: () => unknown): void {
    this.#closed = refusal;
    for (const waiter of this.#waiters) {
      clearTimeout(waiter.timer);
      waiter.refuse(refusal());
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
      next.grant(connection);
    } catch (error) {
      this.#waiters.delete(next);
      clearTimeout(next.timer);
      next.refuse(error);
    }
  }
}
