import type { Engine, QueryResult, Transaction, TransactionOptions } from '../engines/engine.js';
import { AshlarError } from '../errors.js';

/**
 * One level of a unit of work: the transaction itself, or a savepoint in it. Any statement that fails while it is the
 * innermost level dooms it, whoever sent it: PostgreSQL would refuse every further statement, so all engines do.
 */
interface Level {
  failure: { readonly error: unknown } | undefined;
  open: boolean;
}

/** A transaction with its savepoints, and the account of what is still running in it. */
export class UnitOfWork {
  readonly engine: Engine;
  readonly options: TransactionOptions;
  readonly #transaction: Transaction;
  readonly #levels: Level[] = [{ failure: undefined, open: true }];
  #running = 0;
  #statements = 0;

  private constructor(engine: Engine, options: TransactionOptions, transaction: Transaction) {
    this.engine = engine;
    this.options = options;
    this.#transaction = transaction;
  }

  static async begin(engine: Engine, options: TransactionOptions): Promise<UnitOfWork> {
    return new UnitOfWork(engine, options, await engine.begin(options));
  }

  /** How many statements were sent so far. */
  get statements(): number {
    return this.#statements;
  }

  /** Whether statements are still under way. */
  get busy(): boolean {
    return this.#running > 0;
  }

  /** What doomed the innermost level, if anything did. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#levels.at(-1)?.failure;
  }

  execute(sql: string, parameters: readonly unknown[]): Promise<QueryResult> {
    return this.run((transaction) => transaction.execute(sql, parameters));
  }

  async run<T>(work: (transaction: Transaction) => T | Promise<T>): Promise<T> {
    const level = this.#usable();
    this.#statements++;
    this.#running++;
    try {
      return await work(this.#transaction);
    } catch (error) {
      level.failure ??= { error };
      throw error;
    } finally {
      this.#running--;
    }
  }

  async *stream(
    sql: string,
    parameters: readonly unknown[],
    chunk: number,
  ): AsyncGenerator<Record<string, unknown>> {
    const level = this.#usable();
    this.#statements++;
    try {
      yield* this.#transaction.stream(sql, parameters, chunk);
    } catch (error) {
      level.failure ??= { error };
      throw error;
    }
  }

  /** Opens a savepoint. @returns how to close it: keep what was done since, or undo it */
  async savepoint(): Promise<{ keep(): Promise<void>; undo(): Promise<void> }> {
    const name = `ashlar_${this.#levels.length}`;
    await this.run((transaction) => transaction.savepoint(name));
    const level: Level = { failure: undefined, open: true };
    this.#levels.push(level);
    const close = () => {
      level.open = false;
      this.#levels.splice(this.#levels.indexOf(level));
    };
    return {
      keep: async () => {
        close();
        await this.run((transaction) => transaction.release(name));
      },
      undo: async () => {
        close();
        await this.#transaction.rollbackTo(name);
        await this.#transaction.release(name);
      },
    };
  }

  async commit(): Promise<void> {
    this.#end();
    await this.#transaction.commit();
  }

  /** Ends without keeping anything. What made it roll back matters more than a rollback that fails. */
  async rollback(): Promise<void> {
    this.#end();
    try {
      await this.#transaction.rollback();
    } catch {
      // the engine discards a connection whose rollback failed
    }
  }

  #end(): void {
    for (const level of this.#levels) level.open = false;
  }

  #usable(): Level {
    const level = this.#levels.at(-1);
    if (!level?.open) throw endedError();
    if (level.failure) throw abortedError(level.failure.error);
    return level;
  }
}

export const endedError = (): AshlarError =>
  new AshlarError('session-ended', {
    message: 'This session has ended.',
    detail: 'A session is over when its callback returns or throws.',
    suggestion: 'Await every call inside the callback, and do not keep the session for later.',
  });

export const abortedError = (cause: unknown): AshlarError =>
  new AshlarError('session-aborted', {
    message: 'A statement failed earlier in this session, so nothing of it can be kept.',
    detail: cause instanceof AshlarError ? `${cause.code}: ${cause.message}` : undefined,
    suggestion: 'Put what may fail into a nested session, a savepoint: await s.session(async (s) => …).',
    cause,
  });
