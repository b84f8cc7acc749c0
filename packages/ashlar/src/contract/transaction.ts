import type { Column } from './column.js';
import type { Awaitable } from './sql.js';
import type { TableFacts } from './table.js';

/** Rows, decoded by their columns' Zod types, and the number of rows that a write changed. */
export interface QueryResult {
  readonly rows: Record<string, unknown>[];
  readonly changes: number;
}

/** The mode, actor and scope of a transaction; `null`: no actor, no scope. */
export interface TransactionOptions {
  readonly mode: 'read' | 'write';
  readonly actor: string | null;
  readonly scope: string | null;
  /** Acts as the connected user, to read what the application's role may not. */
  readonly asOwner?: boolean;
}

/**
 * One open transaction on one connection. It ends with `commit` or `rollback`. Every rejection is an AshlarError.
 * Parameters are strings, numbers, booleans, null, `Uint8Array`s, or objects and arrays (sent as JSON); a string that
 * cannot be stored as it is (NUL, lone surrogate) is refused with `value-unstorable` before anything is sent.
 */
export interface Transaction {
  execute(sql: string, parameters: readonly unknown[]): Awaitable<QueryResult>;
  /** Returns rows in order, with at most `chunk` in memory. */
  stream(sql: string, parameters: readonly unknown[], chunk: number): AsyncIterable<Record<string, unknown>>;
  /** Inserts many rows of encoded values, in the order of `columns`, in the fastest way of the engine. */
  insertMany(
    table: TableFacts,
    columns: readonly Column[],
    rows: readonly (readonly unknown[])[],
  ): Awaitable<number>;
  /**
   * Waits until no other writing transaction holds this name, and holds it until this transaction ends. With a single
   * writer it returns at once.
   */
  lock(name: string): Awaitable<void>;
  savepoint(name: string): Awaitable<void>;
  rollbackTo(name: string): Awaitable<void>;
  release(name: string): Awaitable<void>;
  /** Continues as another actor and scope: `prove` tries in one transaction what several sessions would do. */
  actAs(context: Pick<TransactionOptions, 'actor' | 'scope'>): Awaitable<void>;
  /** Rejects with `outcome-unknown` if an I/O error leaves it open whether the commit is durable. */
  commit(): Awaitable<void>;
  rollback(): Awaitable<void>;
}
