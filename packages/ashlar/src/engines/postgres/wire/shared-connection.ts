import type { Lease, Leases } from './channel.js';

const longestIdle = 30_000;

/**
 * One connection outside the pool, which repeats the same statements, so that the server can reuse their query plans.
 * The connection is opened on demand, shared by concurrent users, and closed after 30 seconds without use.
 */
export class SharedConnection implements Leases {
  readonly #open: () => Promise<Lease>;
  #lease: Promise<Lease> | undefined;
  #users = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(open: () => Promise<Lease>) {
    this.#open = open;
  }

  async take(): Promise<Lease> {
    clearTimeout(this.#idle);
    this.#users++;
    this.#lease ??= this.#open();
    const used = this.#lease;
    try {
      const { channel } = await used;
      return { channel, release: (broken = false) => this.#release(used, broken) };
    } catch (error) {
      this.#release(used, true);
      throw error;
    }
  }

  /** Closes the connection. The next use opens it again. */
  async close(): Promise<void> {
    clearTimeout(this.#idle);
    const lease = this.#lease;
    this.#lease = undefined;
    (await lease?.catch(() => undefined))?.release();
  }

  #release(used: Promise<Lease>, broken: boolean): void {
    this.#users--;
    if (broken && this.#lease === used) void this.close();
    else if (this.#users === 0) this.#idle = setTimeout(() => void this.close(), longestIdle).unref();
  }
}
