import type { Lease } from '../wire/channel.js';
import { resetConnection } from '../wire/lasting.js';

/**
 * The connections of the owner: each is opened for one piece of work and closed after it. Within {@link hold}, one of them
 * is kept for the next piece, because a new connection costs the server a process and empty caches.
 */
export class OwnerConnections {
  readonly #open: () => Promise<Lease>;
  readonly #prepare: (lease: Lease) => Promise<void>;
  #holders = 0;
  #kept: Lease | undefined;

  /** @param prepare - what makes a connection act as the owner: called before each piece of work */
  constructor(open: () => Promise<Lease>, prepare: (lease: Lease) => Promise<void>) {
    this.#open = open;
    this.#prepare = prepare;
  }

  async take(): Promise<Lease> {
    const lease = (await this.#again()) ?? (await this.#open());
    try {
      await this.#prepare(lease);
    } catch (error) {
      lease.release();
      throw error;
    }
    return { channel: lease.channel, release: (broken = false) => this.#release(lease, broken) };
  }

  /** Keeps a connection open between the pieces of work that `work` does. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    this.#holders++;
    try {
      return await work();
    } finally {
      if (--this.#holders === 0) {
        this.#kept?.release();
        this.#kept = undefined;
      }
    }
  }

  async #again(): Promise<Lease | undefined> {
    const kept = this.#kept;
    this.#kept = undefined;
    if (!kept) return undefined;
    try {
      // outside a transaction, ROLLBACK only warns
      await kept.channel.send({ text: `ROLLBACK; ${resetConnection()}` });
      return kept;
    } catch {
      kept.release();
      return undefined;
    }
  }

  #release(lease: Lease, broken: boolean): void {
    if (broken || this.#holders === 0 || this.#kept) lease.release();
    else this.#kept = lease;
  }
}
