import type { Kysely } from 'kysely';
import type { Isolation } from '../contract/transaction.js';
import type {
  InsertOf,
  KeyOf,
  QueryTables,
  Row,
  RowOf,
  Shape,
  Table,
  Tables,
  Update,
  UpdateOf,
} from '../model/index.js';
import type { Page, PagedQuery, PageOptions } from '../query/page.js';
import type { Where } from './where.js';

/** The actor and the scope with which a session runs. */
export interface SessionContext {
  /**
   * The user or process that acts: `user:42`, `system`. The audit trail and other guarantees record it. `owner` with every
   * scope is the owner of the database, and no session.
   */
  readonly actor?: string | null | undefined;
  /** The tenant whose rows the session can reach in scoped tables. Default: none. */
  readonly scope?: string | null | undefined;
}

/**
 * The actor and the scope of a session, and the options of its transaction. A session that is nested in another one
 * shares its transaction: it may repeat the options of the outer session, and other values are `session-conflict`.
 */
export interface SessionOptions extends SessionContext {
  /**
   * The isolation level. Default: `read committed` for `db.session`; for `db.read`, which sees one snapshot,
   * `repeatable read`. SQLite is always serializable.
   */
  readonly isolation?: Isolation | undefined;
  /**
   * For `db.read` with `serializable`: waits for a snapshot with which the session cannot fail or make others fail.
   * SQLite needs no such wait.
   */
  readonly deferrable?: boolean | undefined;
  /**
   * Ends the session when it is aborted: the session is rolled back and rejects with `session-cancelled`. On a PostgreSQL
   * server the running statement is cancelled; elsewhere the session ends between two statements.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * How long one statement may run, in milliseconds; then `statement-timeout`. PostgreSQL servers only: SQLite and PGlite
   * run statements in this thread and cannot interrupt them, so they refuse the option with `usage`.
   */
  readonly statementTimeout?: number | undefined;
  /**
   * How long the session waits for a connection or a lock, in milliseconds; then `lock-timeout`. Default: the option
   * `lockTimeout` of `connect`.
   */
  readonly lockTimeout?: number | undefined;
}

/** Rows to insert: an array, a generator, or any other iterable, also an asynchronous one. */
export type Rows<S extends Shape> = Iterable<InsertOf<S>> | AsyncIterable<InsertOf<S>>;

/** Options of an upsert. */
export interface UpsertOptions<S extends Shape> {
  /** The columns of a unique key or of the primary key, by which the row to update is found. */
  readonly by: (keyof S & string) | readonly (keyof S & string)[];
}

/** The type of a row that a query returned, after the encrypted columns of its table were decrypted. */
export type Decrypted<S extends Shape, R> = {
  [K in keyof R]: K extends keyof S ? RowOf<S>[K & keyof RowOf<S>] : R[K];
};

/**
 * One unit of work: a transaction with an actor and a scope. It commits when its callback returns and rolls back when
 * the callback throws. A failed statement aborts the session, on every engine as on PostgreSQL. To go on after a
 * statement that may fail, run it in `s.session(…)`, a savepoint.
 */
export interface Session<T extends Tables = Tables> {
  readonly actor: string | null;
  readonly scope: string | null;
  readonly readOnly: boolean;
  /** The Kysely instance of this session, typed from the tables. Its queries run in this session. */
  readonly query: Kysely<QueryTables<T>>;

  /**
   * Validates and inserts a row.
   *
   * @returns the row as stored, generated values included
   * @throws AshlarError `value-invalid`, `value-unstorable`, `unique-violation`, `foreign-key-violation`,
   *   `guarantee-violated`, `session-read-only`, `session-aborted`, `session-ended`, …
   */
  insert<S extends Shape>(table: Table<string, S>, row: InsertOf<S>): Promise<RowOf<S>>;
  /**
   * Validates and inserts many rows, in statements of at most 1,000 rows. With `returning` it returns the rows as
   * stored, in the order in which they were given; they are then in memory together.
   *
   * @returns the number of rows, or the rows
   * @throws AshlarError as {@link Session.insert}; when a batch was sent before, the session is aborted
   *
   * @example
   * const [first] = await s.insertMany(notes, [{ body: 'a' }, { body: 'b' }], { returning: true });
   */
  insertMany<S extends Shape>(table: Table<string, S>, rows: Rows<S>): Promise<number>;
  insertMany<S extends Shape>(
    table: Table<string, S>,
    rows: Rows<S>,
    options: { readonly returning: true },
  ): Promise<RowOf<S>[]>;
  /**
   * Validates the given values and updates the row with the given primary key.
   *
   * @returns the row as stored
   * @throws AshlarError `row-not-found`, `usage` without any column, and as {@link Session.insert}
   */
  update<Of extends Table>(table: Of, key: KeyOf<Of>, update: Update<Of>): Promise<Row<Of>>;
  /**
   * Validates the given values and updates every row that meets a condition: an object of the values that its columns
   * have (`null`: the column is NULL), an expression of Kysely, or `'all'`. A value that a column cannot have is the
   * value of no row.
   *
   * @returns the number of rows that were updated
   * @throws AshlarError `usage` without any column, for an encrypted column, and for a condition that is an empty object,
   *   has an undefined value, or names an unknown, encrypted or JSON column; and as {@link Session.insert}
   *
   * @example
   * await s.updateMany(invoices, { status: 'draft', paid_at: null }, { status: 'void' });
   * await s.updateMany(invoices, (eb) => eb('due_on', '<', '2026-01-01'), { status: 'late' });
   */
  updateMany<Name extends string, S extends Shape, Key extends string>(
    table: Table<Name, S, Key>,
    where: Where<Name, S>,
    update: UpdateOf<S, Key>,
  ): Promise<number>;
  /**
   * Updates the row that has the same values as `row` in the columns of a key, or inserts `row` if there is none. The row
   * is locked first. An update sets the columns that `row` has, without those of `by` and of the primary key and without
   * defaults; if none is left, the row stays as it is. For the guarantees of the table it is an update or an insert. If
   * another transaction inserts the row at the same time, that row is updated.
   *
   * @param options - `by`: the columns of a unique key (without `where`) or of the primary key. Each needs a value.
   * @returns the row as stored
   * @throws AshlarError `usage` if `by` is no key of the table or one of its columns has no value; `unique-violation` if
   *   a row with another key is in the way; and as {@link Session.insert}
   *
   * @example
   * await s.upsert(customers, { org_id, number: 'C-17', name: 'Ann' }, { by: ['org_id', 'number'] });
   */
  upsert<S extends Shape>(
    table: Table<string, S>,
    row: InsertOf<S>,
    options: UpsertOptions<S>,
  ): Promise<RowOf<S>>;
  /**
   * Returns the row with the given primary key, or `undefined` if there is none. A key that no row can have, such as
   * `'nope'` for a UUID, is the key of none.
   *
   * @throws AshlarError `value-invalid` for a key of a wrong JavaScript type
   */
  get<Of extends Table>(table: Of, key: KeyOf<Of>): Promise<Row<Of> | undefined>;
  /**
   * Reads one page of a query, after the row at which the page before ended. Every row is on one page, also where rows
   * are equal in the first columns of the order, or NULL; rows that are inserted meanwhile appear if they come later in
   * the order. NULLs are greater than every value.
   *
   * @param query - a SELECT without ORDER BY and LIMIT, also with joins or grouped
   * @throws AshlarError `input-invalid` for a cursor that was changed, or made for another order; `usage` for an order
   *   that leaves rows equal, or that names columns which the query does not select
   *
   * @example
   * const { rows, next } = await s.page(
   *   s.query.selectFrom('invoices').select(['id', 'number', 'due_at']),
   *   { by: [{ column: 'due_at', direction: 'desc' }, 'id'], after: cursor, limit: 50 },
   * );
   */
  page<Row>(query: PagedQuery<Row>, options: PageOptions<Row>): Promise<Page<Row>>;
  /** Deletes the row with the given primary key. @throws AshlarError `row-not-found`, and what the database refuses */
  delete<Of extends Table>(table: Of, key: KeyOf<Of>): Promise<void>;
  /**
   * Deletes every row that meets a condition, which is as that of {@link Session.updateMany}.
   *
   * @returns the number of rows that were deleted, without those that a foreign key deleted with them
   * @throws AshlarError `usage`, `value-invalid` for the condition, and what the database refuses
   *
   * @example
   * await s.deleteMany(tokens, (eb) => eb('expires_at', '<', s.now()));
   */
  deleteMany<Name extends string, S extends Shape>(
    table: Table<Name, S>,
    where: Where<Name, S>,
  ): Promise<number>;
  /**
   * Decrypts the encrypted columns of rows that `s.query` returned. Each row must contain the table's scope and primary
   * key, under their own names.
   *
   * @throws AshlarError `decryption-failed`, `scope-shredded`, `key-missing`, `key-wrong`; `usage` when the table has
   *   no encrypted column, or a row lacks its scope or key
   */
  decrypt<S extends Shape, R extends Readonly<Record<string, unknown>>>(
    table: Table<string, S>,
    rows: readonly R[],
  ): Promise<Decrypted<S, R>[]>;
  /**
   * Returns the values to search for in a blind index: one for each version of the scope's data key, the newest first.
   * `s.query…where('email_index', 'in', await s.blindIndex(clients, 'email', client, 'a@b.org'))`.
   *
   * @returns at least one value; for a scope without a data key one that matches no row
   * @throws AshlarError `scope-shredded`; `usage` when the column has no blind index
   */
  blindIndex<S extends Shape, C extends keyof S & string>(
    table: Table<string, S>,
    column: C,
    scope: string,
    value: Exclude<RowOf<S>[C], null>,
  ): Promise<Uint8Array<ArrayBuffer>[]>;
  /**
   * Takes the lock with the given name, waiting while another session holds it, and keeps it until the outermost
   * session ends. Such locks are for resources outside the database. Names apply to the whole database, so begin them
   * with the system's name. Sessions that lock several names in different orders may deadlock, which is retried.
   *
   * @throws AshlarError `session-read-only`, `lock-timeout`
   */
  lock(name: string): Promise<void>;
  /** Runs a nested session in a savepoint: if its callback throws, only the savepoint is rolled back. */
  session<R>(work: (s: Session<T>) => Promise<R>): Promise<R>;
  /**
   * Returns the current time as an ISO 8601 string with milliseconds, from the `clock` given to `connect` if there is
   * one.
   */
  now(): string;
}
