import type { Column } from './column.js';
import type { Awaitable } from './sql.js';
import type { TableFacts } from './table.js';

/** Rows decoded to what their columns' Zod types say, and how many rows a write changed. */
export interface QueryResult {
  readonly rows: Record<string, unknown>[];
  readonly changes: number;
}

/** What a transaction is for, and in whose name. `null` is nobody. */
export interface TransactionOptions {
  readonly mode: 'read' | 'write';
  readonly actor: string | null;
  readonly scope: string | null;
  /** For a look at what the application's role may not read: nothing is stepped down from. */
  readonly asOwner?: boolean;
}

/**
 * One open transaction on one connection. After `commit` or `rollback` it is over. Every rejection is an AshlarError.
 * Parameters are strings, numbers, booleans, null, `Uint8Array`s, or objects and arrays (sent as JSON); a string that
 * cannot be stored as it is (NUL, lone surrogate) is refused with `value-unstorable` before anything is sent.
 */
export interface Transaction {
  execute(sql: string, parameters: readonly unknown[]): Awaitable<QueryResult>;
  /** Rows in order, at most `chunk` in memory at a time. */
  stream(sql: string, parameters: readonly unknown[], chunk: number): AsyncIterable<Record<string, unknown>>;
  /** Inserts many rows of encoded values, in the order of `columns`, in the fastest way the engine has. */
  insertMany(
    table: TableFacts,
    columns: readonly Column[],
    rows: readonly (readonly unknown[])[],
  ): Awaitable<number>;
  /**
   * Waits until no other transaction that writes holds this name, and holds it until this one is over. Where there is
   * one writer there is nothing to wait for.
   */
  lock(name: string): Awaitable<void>;
  savepoint(name: string): Awaitable<void>;
  rollbackTo(name: string): Awaitable<void>;
  release(name: string): Awaitable<void>;
  /** Goes on in the name of another: for proofs, which try in one transaction what several sessions would. */
  actAs(context: Pick<TransactionOptions, 'actor' | 'scope'>): Awaitable<void>;
  /** Rejects with `outcome-unknown` where an I/O error leaves open whether the commit is durable. */
  commit(): Awaitable<void>;
  rollback(): Awaitable<void>;
}
