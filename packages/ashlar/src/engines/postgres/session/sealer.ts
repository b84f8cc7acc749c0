import { setTimeout as sleep } from 'node:timers/promises';
import type { GuardedTable, SealResult } from '../../../contract/guarantee.js';
import { AshlarError } from '../../../errors.js';
import type { Channel, Leases } from '../wire/channel.js';
import { asAshlarError } from '../wire/errors.js';

/** How long what was committed waits at least before the next settling, in milliseconds. */
const interval = 200;
/** How long to stand by while another settles. */
const standBy = 20;
const longestWait = 30_000;

/** What guarantees do soon after rows are committed: the statements of the tables that were registered. */
export class Sealer {
  #statements: readonly string[] = [];
  readonly #known = new Set<string>();
  readonly #leases: Leases;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #closed = false;

  constructor(leases: Leases) {
    this.#leases = leases;
  }

  /** Whether there is nothing to do, ever. */
  get idle(): boolean {
    return this.#statements.length === 0;
  }

  register(tables: readonly GuardedTable[]): void {
    const statements = tables.flatMap((table) =>
      table.guarantees.flatMap(({ postgres }) =>
        postgres.level === 'refused' ? [] : (postgres.seal?.(table) ?? []),
      ),
    );
    this.#statements = [...new Set([...this.#statements, ...statements])];
  }

  /** Runs all to completion in the transaction that is open on a connection, right before its COMMIT. */
  async within(channel: Channel): Promise<void> {
    for (const sql of this.#statements) {
      if (this.#known.has(sql)) {
        while ((await seal(channel, sql)) === 'more');
        continue;
      }
      // in a database that was not brought up there is nothing to settle, and the failure must not doom the transaction
      await channel.send({ text: 'SAVEPOINT ashlar_settle' });
      try {
        while ((await seal(channel, sql)) === 'more');
        this.#known.add(sql);
      } catch (error) {
        if (!isMissing(error)) throw error;
        await channel.send({ text: 'ROLLBACK TO SAVEPOINT ashlar_settle' });
      }
      await channel.send({ text: 'RELEASE SAVEPOINT ashlar_settle' });
    }
  }

  /** What is there may have changed. */
  forget(): void {
    this.#known.clear();
  }

  /** Rows were committed: settles in the background before long. What fails is tried again with the next commit. */
  soon(): void {
    if (this.idle || this.#closed) return;
    if (this.#running) this.#again = true;
    else this.#timer ??= setTimeout(() => this.#start(), interval).unref();
  }

  /** Settles everything that was committed before the call. @throws AshlarError `lock-timeout`, and what the statements throw */
  async all(): Promise<void> {
    const deadline = performance.now() + longestWait;
    for (const sql of this.#statements) {
      for (;;) {
        const state = await this.#once(sql);
        if (state === 'done') break;
        if (state === 'more') continue;
        if (performance.now() > deadline) {
          throw new AshlarError('lock-timeout', {
            message: 'A ledger could not be sealed in time.',
            detail: 'Another transaction has been sealing it for longer than half a minute.',
            suggestion: 'Find the transaction that is left open, and try again.',
          });
        }
        await sleep(standBy);
      }
    }
  }

  /** Settles once more, as far as that is possible, and never again. */
  async close(): Promise<void> {
    if (this.#closed) return;
    const pending = this.#timer !== undefined || this.#running !== undefined;
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
    if (pending) await this.all().catch(() => undefined);
  }

  #start(): void {
    this.#timer = undefined;
    this.#running = this.#background().finally(() => {
      this.#running = undefined;
      const again = this.#again;
      this.#again = false;
      if (again) this.soon();
    });
  }

  async #background(): Promise<void> {
    for (const sql of this.#statements) {
      try {
        let state: SealResult;
        do state = await this.#once(sql);
        while (state === 'more' && !this.#closed);
        if (state === 'busy') this.#again = true;
      } catch {
        // a session must not fail for it; `settle` and the verification of a ledger tell what is wrong
      }
    }
  }

  async #once(sql: string): Promise<SealResult> {
    const lease = await this.#leases.take();
    let broken = true;
    try {
      const state = await seal(lease.channel, sql);
      broken = false;
      return state;
    } catch (error) {
      if (!isMissing(error)) throw asAshlarError(error);
      broken = false;
      return 'done';
    } finally {
      lease.release(broken);
    }
  }
}

const seal = async (channel: Channel, sql: string): Promise<SealResult> => {
  const { rows } = await channel.send({ text: sql, keep: true, values: [] });
  const state = rows[0]?.[0];
  return state === 'more' || state === 'busy' ? state : 'done';
};

// undefined_function, undefined_table
const isMissing = (error: unknown): boolean => {
  const { code } = error as { code?: string };
  return code === '42883' || code === '42P01';
};
