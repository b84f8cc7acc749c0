import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Pool, PoolClient } from 'pg';
import { AshlarError } from '../../../errors.js';
import { endsWithin } from '../../ends-within.js';
import { Lock, lostContext } from '../../lock.js';
import type { Lease, Leases } from '../wire/channel.js';
import { cancelRequest } from './cancel-request.js';
import { connectError } from './connect-errors.js';
import { PgChannel } from './pg-channel.js';
import type { ServerUrl } from './url.js';

/** How long the connections may take to close, in milliseconds. */
const longestEnd = 2_000;

/** What {@link PoolLeases} needs. */
export interface PoolLeasesOptions {
  readonly pool: Pool;
  readonly url: ServerUrl;
  /** The maximum number of connections of the pool. */
  readonly connections: number;
  /** How long to wait for a connection, in milliseconds. */
  readonly lockTimeout: number;
  /** Whether other clients use the connections to the server too. */
  readonly isPooled: boolean;
  /** Makes a client that is not connected, for a cancel request. */
  readonly unused: () => Client;
}

/** The connections of a pool, each for exclusive use. Waiting for one has a bound, which the pool itself lacks. */
export class PoolLeases implements Leases {
  readonly #options: PoolLeasesOptions;
  readonly #free: Lock;
  readonly #channels = new WeakMap<Client, PgChannel>();
  readonly #taken = new Set<PoolClient>();
  #closing: Promise<void> | undefined;

  constructor(options: PoolLeasesOptions) {
    this.#options = options;
    this.#free = new Lock(options.connections);
  }

  async take(lockTimeout = this.#options.lockTimeout): Promise<Lease & { readonly channel: PgChannel }> {
    const { connections, pool, url, isPooled, unused } = this.#options;
    const leave =
      this.#free.tryAcquire() ??
      (await this.#free.acquire(lockTimeout, () => connectionsTaken(connections, lockTimeout)));
    let client: PoolClient;
    try {
      client = await pool.connect();
    } catch (error) {
      leave();
      throw connectError(error, url);
    }
    this.#taken.add(client);
    const channel = this.#channels.get(client) ?? new PgChannel(client, isPooled);
    this.#channels.set(client, channel);
    return {
      channel,
      // a connection inside a transaction must not be reused
      release: (broken = false) => {
        // closed already when the pool could not wait for this user
        if (this.#taken.delete(client)) client.release(broken || client.getTransactionStatus() !== 'I');
        leave();
      },
      cancel: () => cancelRequest(unused(), client),
    };
  }

  /**
   * Refuses new users, waits for the present ones at most the lock timeout, then closes every connection: what still runs
   * on one is rolled back by the server.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { pool, lockTimeout } = this.#options;
    this.#free.close(databaseClosed);
    const deadline = performance.now() + lockTimeout;
    while (this.#free.held && performance.now() < deadline) await sleep(5);
    for (const client of this.#taken) client.release(true);
    this.#taken.clear();
    // a server that does not answer does not close its sockets either
    await endsWithin(pool.end(), longestEnd);
  }
}

const databaseClosed = (): AshlarError =>
  new AshlarError('database-closed', { message: 'The database was used after it was closed.' });

const connectionsTaken = (connections: number, lockTimeout: number): AshlarError =>
  new AshlarError('lock-timeout', {
    message:
      connections === 1 ? 'The only connection is in use.' : `All ${connections} connections are in use.`,
    detail: `No session returned its connection for ${lockTimeout} ms.`,
    suggestion: `Make sessions shorter, or raise connections or lockTimeout. ${lostContext}`,
  });
