import type { ResultKinds } from '../contract/answers.js';
import type { Engine } from '../contract/engine.js';
import type { QueryResult, Transaction, TransactionOptions } from '../contract/transaction.js';
import type { AshlarError } from '../errors.js';
import { Calls } from './calls.js';
import { currentSession } from './current.js';
import { abortedError, endedError, shadowedError, waitedTooLong } from './session-errors.js';

// a new promise each time, which is collected together with the code that waits for it
const never = (): Promise<never> => new Promise(() => undefined);

/** What a unit of work needs besides the options of its transaction. */
export interface UnitLimits {
  /** How long a level waits for another one that runs no statement, in milliseconds. */
  readonly lockTimeout: number;
  /** The signal that cancels the unit. */
  readonly signal: AbortSignal | undefined;
}

/** A transaction and its savepoints, as a stack of levels; only the innermost level runs statements. */
export class UnitOfWork {
  readonly engine: Engine;
  readonly options: TransactionOptions;
  readonly lockTimeout: number;
  readonly signal: AbortSignal | undefined;
  /** The outermost level: the transaction itself. */
  readonly root: Level;
  readonly #transaction: Transaction;
  readonly #levels: Level[];
  #outcome: 'open' | 'committed' | 'rolled back' = 'open';
  #rolledBackAt = 0;
  #running = 0;
  #activity = 0;
  #cancellation: AshlarError | undefined;
  #onCancel: ((error: AshlarError) => void) | undefined;

  private constructor(
    engine: Engine,
    options: TransactionOptions,
    { lockTimeout, signal }: UnitLimits,
    transaction: Transaction,
  ) {
    this.engine = engine;
    this.options = options;
    this.lockTimeout = lockTimeout;
    this.signal = signal;
    this.#transaction = transaction;
    this.root = new Level(this, undefined);
    this.#levels = [this.root];
  }

  static async begin(engine: Engine, options: TransactionOptions, limits: UnitLimits): Promise<UnitOfWork> {
    return new UnitOfWork(engine, options, limits, await engine.begin(options));
  }

  get transaction(): Transaction {
    return this.#transaction;
  }

  get innermost(): Level {
    return this.#levels.at(-1) ?? this.root;
  }

  get outcome(): 'open' | 'committed' | 'rolled back' {
    return this.#outcome;
  }

  /** How long ago the unit was rolled back, in milliseconds. */
  get rolledBackFor(): number {
    return performance.now() - this.#rolledBackAt;
  }

  get depth(): number {
    return this.#levels.length;
  }

  /** A number that grows with each statement that begins or ends. */
  get activity(): number {
    return this.#activity;
  }

  /** The error with which the unit was cancelled; `undefined` if it was not. */
  get cancellation(): AshlarError | undefined {
    return this.#cancellation;
  }

  /** Records that a statement begins. */
  began(): void {
    this.#running++;
    this.#activity++;
  }

  /** Records that a statement has ended. */
  finished(): void {
    this.#running--;
    this.#activity++;
  }

  /**
   * Runs the callback of the outermost session; rejects with the error of {@link UnitOfWork.cancel} when that comes
   * first. The callback itself cannot be stopped: its next call fails with the same error.
   */
  untilCancelled<R>(run: () => Promise<R>): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#onCancel = reject;
      if (this.#cancellation) reject(this.#cancellation);
      else run().then(resolve, reject);
    });
  }

  /** Ends the unit from outside: the running statement is cancelled where the engine can, and `error` is reported. */
  cancel(error: AshlarError): void {
    if (this.#outcome !== 'open' || this.#cancellation) return;
    this.#cancellation = error;
    this.#onCancel?.(error);
  }

  /**
   * Waits for `event`, as long as statements of this unit run, but not longer than the lock timeout when none does.
   *
   * @throws AshlarError `lock-timeout`
   */
  async waitFor(event: Promise<unknown>): Promise<void> {
    let seen = this.#activity;
    let timer: NodeJS.Timeout | undefined;
    const idle = new Promise<never>((_, reject) => {
      timer = setInterval(() => {
        if (this.#running === 0 && this.#activity === seen) reject(waitedTooLong(this.lockTimeout));
        seen = this.#activity;
      }, this.lockTimeout);
    });
    try {
      await Promise.race([event, idle]);
    } finally {
      clearInterval(timer);
    }
  }

  push(level: Level): void {
    this.#levels.push(level);
  }

  /** Closes a level and all levels nested in it. @returns whether the level was open */
  close(level: Level): boolean {
    const at = this.#levels.indexOf(level);
    if (at === -1) return false;
    for (const closed of this.#levels.splice(at)) closed.end();
    return true;
  }

  async commit(): Promise<void> {
    this.close(this.root);
    this.#outcome = 'committed';
    await this.#transaction.commit();
  }

  /**
   * Rolls the transaction back. It never fails: the error that caused the rollback matters more than one of the
   * rollback.
   */
  async rollback(): Promise<void> {
    this.close(this.root);
    this.#outcome = 'rolled back';
    this.#rolledBackAt = performance.now();
    try {
      if (this.#cancellation) await this.#transaction.interrupt?.();
      await this.#transaction.rollback();
    } catch {
      // the engine discards a connection whose rollback failed
    }
  }
}

/**
 * A level of a unit of work: the transaction, or a savepoint in the transaction. A failed statement aborts the level
 * it ran in: PostgreSQL would refuse every further statement, so all engines do. While a nested level is open, the
 * statements of this one wait.
 */
export class Level {
  readonly unit: UnitOfWork;
  readonly #parent: Level | undefined;
  #open = true;
  #failure: { readonly error: unknown } | undefined;
  #running = 0;
  #waiting: (() => void)[] = [];
  /** The calls of the level's session whose results were not handed over yet. */
  readonly calls: Calls;

  constructor(unit: UnitOfWork, parent: Level | undefined) {
    this.unit = unit;
    this.#parent = parent;
    this.calls = new Calls(parent?.calls);
  }

  /** The error that aborted this level; `undefined` while it can be committed. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Runs a call of the level's session, which counts until its result is handed over. */
  call<R>(work: () => Promise<R>): Promise<R> {
    return this.calls.run(work, () => this.#failure !== undefined || this.unit.cancellation !== undefined);
  }

  execute(sql: string, parameters: readonly unknown[], kinds?: ResultKinds): Promise<QueryResult> {
    return this.run((transaction) => transaction.execute(sql, parameters, kinds));
  }

  async run<T>(work: (transaction: Transaction) => T | Promise<T>): Promise<T> {
    if (this.unit.innermost !== this) await this.#turn();
    this.#assertUsable();
    this.#running++;
    this.unit.began();
    try {
      return await work(this.unit.transaction);
    } catch (error) {
      const reported = this.unit.cancellation ?? error;
      this.fail(reported);
      throw reported;
    } finally {
      this.unit.finished();
      this.#finish();
    }
  }

  async *stream(
    sql: string,
    parameters: readonly unknown[],
    chunk: number,
    kinds?: ResultKinds,
  ): AsyncGenerator<Record<string, unknown>> {
    if (this.unit.innermost !== this) await this.#turn();
    this.#assertUsable();
    try {
      for await (const row of this.unit.transaction.stream(sql, parameters, chunk, kinds)) {
        if (this.calls.isAbandoned) await never();
        yield row;
      }
    } catch (error) {
      if (this.calls.isAbandoned) await never();
      const reported = this.unit.cancellation ?? error;
      this.fail(reported);
      throw reported;
    }
  }

  /** Aborts this level: afterwards it can only be rolled back. */
  fail(error: unknown): void {
    this.#failure ??= { error };
  }

  /** Opens a savepoint in this level. @returns its level; `keep` releases the savepoint, `undo` rolls back to it */
  async savepoint(
    readOnly: boolean,
  ): Promise<{ level: Level; keep(): Promise<void>; undo(): Promise<void> }> {
    // statements sent before belong to this level, also when they fail
    while (this.#open && this.#running > 0) await this.unit.waitFor(this.#change());
    const name = `ashlar_${this.unit.depth}`;
    await this.run((transaction) => transaction.savepoint(name, readOnly));
    const level = new Level(this.unit, this);
    this.unit.push(level);
    return {
      level,
      keep: async () => {
        if (!this.unit.close(level)) throw endedError();
        await this.run((transaction) => transaction.release(name));
      },
      undo: async () => {
        // rolled back already when an outer level, or the whole transaction, was
        if (!this.unit.close(level)) return;
        await this.unit.transaction.rollbackTo(name);
        await this.unit.transaction.release(name);
      },
    };
  }

  /** Marks this level as ended; only the unit of work calls this method. */
  end(): void {
    this.#open = false;
    for (let level: Level | undefined = this; level; level = level.#parent) level.#wake();
  }

  #finish(): void {
    this.#running--;
    if (this.#waiting.length > 0) this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async #turn(): Promise<void> {
    while (this.#open && this.unit.innermost !== this) {
      if (this.#isAroundCaller()) throw shadowedError();
      await this.unit.waitFor(this.#change());
    }
  }

  // whether the caller runs inside a level nested in this one, which would then wait for itself
  #isAroundCaller(): boolean {
    const session = currentSession() as { readonly level?: Level } | undefined;
    for (let level = session?.level; level; level = level.#parent) {
      if (level.#parent === this) return true;
    }
    return false;
  }

  #assertUsable(): void {
    if (this.unit.cancellation) throw this.unit.cancellation;
    if (!this.#open) throw endedError();
    if (this.#failure) throw abortedError(this.#failure.error);
  }
}
