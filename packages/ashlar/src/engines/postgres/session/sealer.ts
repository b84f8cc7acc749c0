import { setTimeout as sleep } from 'node:timers/promises';
import type { GuardedTable, SealResult } from '../../../contract/guarantee.js';
import { AshlarError } from '../../../errors.js';
import { isRetryable } from '../../retryable.js';
import type { Channel, Leases } from '../wire/channel.js';
import { asAshlarError } from '../wire/errors.js';

/** The delay between a commit and sealing in the background, in milliseconds. */
const interval = 200;
/** The pause before trying again while another process seals, in milliseconds. */
const busyPause = 20;
/** How long {@link Sealer.all} waits for another process at most, in milliseconds. */
const longestWait = 30_000;

/** Seals the ledgers of registered tables: in the background, on demand, or before a commit. */
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

  /** Whether none of the registered tables has a ledger to seal. */
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

  /** Seals all unsealed rows within the open transaction of a connection; called right before its COMMIT. */
  async within(channel: Channel): Promise<void> {
    for (const sql of this.#statements) {
      if (this.#known.has(sql)) {
        while ((await seal(channel, sql)) === 'more');
        continue;
      }
      // a database that is not initialised has no ledger; the savepoint keeps that error from aborting the transaction
      await channel.send({ text: 'SAVEPOINT ashlar_seal' });
      try {
        while ((await seal(channel, sql)) === 'more');
        this.#known.add(sql);
      } catch (error) {
        if (!isMissing(error)) throw error;
        await channel.send({ text: 'ROLLBACK TO SAVEPOINT ashlar_seal' });
      }
      await channel.send({ text: 'RELEASE SAVEPOINT ashlar_seal' });
    }
  }

  /** Forgets which ledgers are known to exist. Call it when the schema may have changed. */
  forget(): void {
    this.#known.clear();
  }

  /** Schedules sealing in the background; called after each commit. A failure is retried after the next commit. */
  soon(): void {
    if (this.idle || this.#closed) return;
    if (this.#running) this.#again = true;
    else this.#timer ??= setTimeout(() => this.#start(), interval).unref();
  }

  /**
   * Seals all rows that were committed before the call.
   *
   * @throws AshlarError `lock-timeout`, and what the statements throw
   */
  async all(): Promise<void> {
    const deadline = performance.now() + longestWait;
    for (const sql of this.#statements) {
      for (;;) {
        const state = await this.#once(sql);
        if (state === 'done') break;
        if (state === 'more') continue;
        if (performance.now() > deadline) {
          throw await this.#notSealed();
        }
        await sleep(busyPause);
      }
    }
  }

  /** Stops sealing in the background, and seals the rows that are still unsealed. A failure is ignored. */
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
        // sessions must not fail because of it; `seal` and `ashlar ledger verify` report the cause
      }
    }
  }

  /** The error for a ledger that another transaction kept locked; it names the transactions that may be the one. */
  async #notSealed(): Promise<AshlarError> {
    const lease = await this.#leases.take();
    try {
      const { rows } = await lease.channel.send({ text: holders });
      const found = rows.map(([process, user]) => `${process} (${user})`).join(', ');
      return new AshlarError('lock-timeout', {
        message: 'A ledger could not be sealed in time.',
        detail: `Another transaction has held the lock of sealing for more than 30 seconds: ${found || 'it has just ended'}.`,
        suggestion:
          found === ''
            ? 'Try again.'
            : 'End the transaction of that server process: pg_terminate_backend(…) ends it.',
      });
    } finally {
      lease.release(false);
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
      broken = false;
      if (isMissing(error)) return 'done';
      const known = asAshlarError(error);
      // a deadlock, such as with a migration, ended this transaction only
      if (isRetryable(known)) return 'busy';
      broken = true;
      throw known;
    } finally {
      lease.release(broken);
    }
  }
}

// sealing locks the row of a head, which shows as a lock of that kind on its table
const holders = `SELECT l.pid::text, coalesce(a.usename, '')::text
  FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_stat_activity a ON a.pid = l.pid
  WHERE l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND c.relname LIKE '%ledger_head' AND l.mode IN ('RowShareLock', 'RowExclusiveLock') AND l.pid <> pg_backend_pid()
  GROUP BY 1, 2 ORDER BY 1`;

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
