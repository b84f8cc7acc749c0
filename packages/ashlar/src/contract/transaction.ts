import type { ResultKinds } from './answers.js';
import type { Column } from './column.js';
import type { Awaitable } from './sql.js';
import type { TableFacts } from './table.js';

/**
 * The result of a statement: rows, decoded by their columns' Zod types, and the number of rows that a write changed.
 */
export interface QueryResult {
  readonly rows: Record<string, unknown>[];
  readonly changes: number;
}

/** The isolation level of a transaction, as SQL defines it. */
export type Isolation = 'read committed' | 'repeatable read' | 'serializable';

/** The mode, actor and scope of a transaction, and its limits; `null` means no actor or no scope. */
export interface TransactionOptions {
  readonly mode: 'read' | 'write';
  readonly actor: string | null;
  readonly scope: string | null;
  /**
   * The time of the clock that `connect` was given, as ISO 8601 with milliseconds: statements that set no time for an
   * `updatedAt()` column set this one. By default the database's clock.
   */
  readonly now?: string | undefined;
  /**
   * Whether the transaction acts as the user that connected, so that it can read data that the application's role may
   * not read.
   */
  readonly asOwner?: boolean;
  /** Default: `read committed` for a transaction that writes, `repeatable read` for one that only reads. */
  readonly isolation?: Isolation | undefined;
  /** Whether a serializable transaction that only reads waits for a snapshot that no other transaction can endanger. */
  readonly deferrable?: boolean | undefined;
  /** How long one statement may run, in milliseconds. An engine that cannot limit it refuses the option: `usage`. */
  readonly statementTimeout?: number | undefined;
  /** How long to wait for a connection or a lock, in milliseconds. Default: the option of the engine. */
  readonly lockTimeout?: number | undefined;
}

/**
 * One open transaction on one connection. It ends with `commit` or `rollback`. Every rejection is an AshlarError.
 * Parameters are strings, numbers, booleans, null, `Uint8Array`s, or objects and arrays (sent as JSON); a string that
 * cannot be stored as it is (NUL, lone surrogate) is refused with `value-unstorable` before anything is sent.
 */
export interface Transaction {
  /** Runs a statement. `kinds` says more about the columns of its result than the engine knows. */
  execute(sql: string, parameters: readonly unknown[], kinds?: ResultKinds): Awaitable<QueryResult>;
  /** Returns the rows of a query in order, with at most `chunk` rows in memory; a function is asked before each chunk. */
  stream(
    sql: string,
    parameters: readonly unknown[],
    chunk: number | (() => number),
    kinds?: ResultKinds,
  ): AsyncIterable<Record<string, unknown>>;
  /** Inserts many rows of encoded values, in the order of `columns`, with the fastest method of the engine. */
  insertMany(
    table: TableFacts,
    columns: readonly Column[],
    rows: readonly (readonly unknown[])[],
  ): Awaitable<number>;
  /** Inserts many rows as `insertMany` does. @returns the rows as stored, in the order in which they were given */
  insertManyReturning(
    table: TableFacts,
    columns: readonly Column[],
    rows: readonly (readonly unknown[])[],
  ): Awaitable<Record<string, unknown>[]>;
  /**
   * Waits until no other writing transaction holds the lock with this name, then holds it until this transaction ends.
   * With a single writer it returns at once.
   */
  lock(name: string): Awaitable<void>;
  /**
   * Sets a savepoint. With `readOnly`, writes are refused until it is released or rolled back to, where the engine can
   * refuse those that a statement's text does not show, such as in a function.
   */
  savepoint(name: string, readOnly?: boolean): Awaitable<void>;
  rollbackTo(name: string): Awaitable<void>;
  release(name: string): Awaitable<void>;
  /**
   * Changes the actor and the scope of the open transaction, so that `prove` can test several sessions in one
   * transaction.
   */
  actAs(context: Pick<TransactionOptions, 'actor' | 'scope'>): Awaitable<void>;
  /** Commits; rejects with `outcome-unknown` if, after an I/O error, it is unknown whether the commit is durable. */
  commit(): Awaitable<void>;
  rollback(): Awaitable<void>;
  /**
   * Cancels the running statement, which then fails; afterwards the transaction can only be rolled back. Never fails.
   * Missing where statements run in this thread: none is running when this code runs.
   */
  interrupt?(): Promise<void>;
}
