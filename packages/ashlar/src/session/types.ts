import type { Kysely } from 'kysely';
import type { InsertOf, QueryTables, RowOf, Shape, Table, Tables, UpdateOf } from '../model/index.js';

/** In whose name a session runs. */
export interface SessionContext {
  /** Who acts: `user:42`, `system`. Recorded by guarantees that audit. */
  readonly actor?: string | null | undefined;
  /** Whose data may be reached, for tables that are scoped. */
  readonly scope?: string | null | undefined;
}

/** The value of a primary key: the value itself where the key is one column, else an object of its columns. */
export type KeyOf<S extends Shape> = string | number | Partial<RowOf<S>>;

/** A row of a query, with the ciphered columns of its table decrypted. */
export type Decrypted<S extends Shape, R> = {
  [K in keyof R]: K extends keyof S ? RowOf<S>[K & keyof RowOf<S>] : R[K];
};

/**
 * One unit of work: a transaction with an actor and a scope. It commits when its callback returns and rolls back when
 * the callback throws. A statement that fails dooms the session (on every engine, as on Postgres): wrap what may fail
 * in `s.session(…)`, a savepoint, to go on after it.
 */
export interface Session<T extends Tables = Tables> {
  readonly actor: string | null;
  readonly scope: string | null;
  readonly readOnly: boolean;
  /** Kysely, typed from the tables, running in this session. */
  readonly query: Kysely<QueryTables<T>>;

  /**
   * Validates and inserts a row.
   * @returns the row as stored, generated values included
   * @throws AshlarError `value-invalid`, `value-unstorable`, `unique-violation`, `guarantee-violated`, …
   */
  insert<S extends Shape>(table: Table<string, S>, row: InsertOf<S>): Promise<RowOf<S>>;
  /** Validates and inserts many rows, in batches. @returns how many */
  insertMany<S extends Shape>(
    table: Table<string, S>,
    rows: Iterable<InsertOf<S>> | AsyncIterable<InsertOf<S>>,
  ): Promise<number>;
  /** Validates and applies a patch to the row with that key. @returns the row as stored @throws `row-not-found` */
  update<S extends Shape>(table: Table<string, S>, key: KeyOf<S>, update: UpdateOf<S>): Promise<RowOf<S>>;
  /** The row with that key, or `undefined`. */
  get<S extends Shape>(table: Table<string, S>, key: KeyOf<S>): Promise<RowOf<S> | undefined>;
  /** Deletes the row with that key. @throws `row-not-found` */
  delete<S extends Shape>(table: Table<string, S>, key: KeyOf<S>): Promise<void>;
  /**
   * Rows of `s.query` with their ciphered columns decrypted. Each must hold the table's scope and primary key, under
   * their own names.
   * @throws AshlarError `decryption-failed`, `scope-shredded`; `usage` when the table has no ciphered column
   */
  decrypt<S extends Shape, R extends Readonly<Record<string, unknown>>>(
    table: Table<string, S>,
    rows: readonly R[],
  ): Promise<Decrypted<S, R>[]>;
  /**
   * What the blind index of a ciphered column holds for a value: at least one form, and one more for each rotation of
   * the scope's key. `s.query…where('email_index', 'in', await s.blindIndex(clients, 'email', client, 'a@b.org'))`.
   * @throws AshlarError `scope-shredded`; `usage` when the column has no blind index
   */
  blindIndex<S extends Shape, C extends keyof S & string>(
    table: Table<string, S>,
    column: C,
    scope: string,
    value: Exclude<RowOf<S>[C], null>,
  ): Promise<Uint8Array<ArrayBuffer>[]>;
  /**
   * Waits until no other session holds this name, and holds it until the outermost session has ended: for what is kept
   * beside the database. Names are of the whole database, so let them begin with the system's. Two sessions that take
   * several names in different orders may meet in a deadlock, which is retried.
   * @throws AshlarError `session-read-only`, `lock-timeout`
   */
  lock(name: string): Promise<void>;
  /** A nested unit of work: a savepoint, undone alone when its callback throws. */
  session<R>(work: (s: Session<T>) => Promise<R>): Promise<R>;
  /** The time to stamp things with, as an ISO 8601 string of milliseconds. */
  now(): string;
}
