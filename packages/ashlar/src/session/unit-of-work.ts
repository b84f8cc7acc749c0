import type { ResultKinds } from '../contract/answers.js';
import type { Engine } from '../contract/engine.js';
import type { QueryResult, Transaction, TransactionOptions } from '../contract/transaction.js';
import { AshlarError } from '../errors.js';
import { currentSession } from './current.js';

/** A transaction and its savepoints, as a stack of levels; only the innermost level runs statements. */
export class UnitOfWork {
  readonly engine: Engine;
  readonly options: TransactionOptions;
  /** The outermost level: the transaction itself. */
  readonly root: Level;
  readonly #transaction: Transaction;
  readonly #levels: Level[];
  #outcome: 'open' | 'committed' | 'rolled back' = 'open';

  private constructor(engine: Engine, options: TransactionOptions, transaction: Transaction) {
    this.engine = engine;
    this.options = options;
    this.#transaction = transaction;
    this.root = new Level(this, undefined);
    this.#levels = [this.root];
  }

  static async begin(engine: Engine, options: TransactionOptions): Promise<UnitOfWork> {
    return new UnitOfWork(engine, options, await engine.begin(options));
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

  get depth(): number {
    return this.#levels.length;
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
    try {
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
  #statements = 0;
  #waiting: (() => void)[] = [];

  constructor(unit: UnitOfWork, parent: Level | undefined) {
    this.unit = unit;
    this.#parent = parent;
  }

  /** The number of statements sent in this level so far. */
  get statements(): number {
    return this.#statements;
  }

  /** Returns whether statements of this level are still running. */
  get busy(): boolean {
    return this.#running > 0;
  }

  /** The error that aborted this level; `undefined` while it can be committed. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  execute(sql: string, parameters: readonly unknown[], kinds?: ResultKinds): Promise<QueryResult> {
    return this.run((transaction) => transaction.execute(sql, parameters, kinds));
  }

  async run<T>(work: (transaction: Transaction) => T | Promise<T>): Promise<T> {
    if (this.unit.innermost !== this) await this.#turn();
    this.#assertUsable();
    this.#statements++;
    this.#running++;
    try {
      return await work(this.unit.transaction);
    } catch (error) {
      this.fail(error);
      throw error;
    } finally {
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
    this.#statements++;
    try {
      yield* this.unit.transaction.stream(sql, parameters, chunk, kinds);
    } catch (error) {
      this.fail(error);
      throw error;
    }
  }

  /** Aborts this level: afterwards it can only be rolled back. */
  fail(error: unknown): void {
    this.#failure ??= { error };
  }

  /** Opens a savepoint in this level. @returns its level; `keep` releases the savepoint, `undo` rolls back to it */
  async savepoint(): Promise<{ level: Level; keep(): Promise<void>; undo(): Promise<void> }> {
    // statements sent before belong to this level, also when they fail
    while (this.#open && this.busy) await this.#change();
    const name = `ashlar_${this.unit.depth}`;
    await this.run((transaction) => transaction.savepoint(name));
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
      await this.#change();
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
    if (!this.#open) throw endedError();
    if (this.#failure) throw abortedError(this.#failure.error);
  }
}

/** Returns the error for a call on a session that has ended: `session-ended`. */
export function endedError(): AshlarError {
  return new AshlarError('session-ended', {
    message: 'This session has ended.',
    detail: 'A session ends when its callback returns or throws.',
    suggestion: 'Await every call inside the callback, and do not keep the session for later.',
  });
}

/** Returns the error for a call on a session in which a statement failed: `session-aborted`. */
export function abortedError(cause: unknown): AshlarError {
  return new AshlarError('session-aborted', {
    message: 'A statement failed earlier in this session, so it can only be rolled back.',
    detail: cause instanceof AshlarError ? `${cause.code}: ${cause.message}` : undefined,
    suggestion:
      'Run statements that may fail in a nested session, a savepoint: await s.session(async (s) => …).',
    cause,
  });
}

const shadowedError = (): AshlarError =>
  new AshlarError('session-conflict', {
    message: 'A session was used inside a session that is nested in it.',
    detail: 'The nested session may be rolled back alone, so the outer one waits until it has ended.',
    suggestion: 'Use the session that is passed to the inner callback.',
  });
