import type { DialectAdapter, QueryCompiler } from 'kysely';
import type { QueryAnswers } from './answers.js';
import type { BulkReader, BulkWriter } from './bulk.js';
import type { Catalogue } from './catalogue.js';
import type { ValueForm } from './column.js';
import type { ContextState } from './context.js';
import type { SqlDialect } from './dialect.js';
import type { GuardedTable } from './guarantee.js';
import type { GuardedPlace } from './guards.js';
import type { DeclaredView } from './objects.js';
import type { Owner } from './owner.js';
import type { ConnectedRole } from './roles.js';
import type { Schema } from './schema.js';
import type { Snapshot } from './snapshot.js';
import type { Awaitable, SqlName } from './sql.js';
import type { TableFacts } from './table.js';
import type { QueryResult, Transaction, TransactionOptions } from './transaction.js';

/** Opens transactions synchronously, without promises. Only SQLite can. */
export interface SyncEngine {
  begin(options: TransactionOptions): Transaction;
}

/** What Kysely needs to build SQL for an engine, and the forms in which every engine gives the same answer. */
export interface KyselyOfEngine {
  readonly adapter: () => DialectAdapter;
  readonly compiler: () => QueryCompiler;
  readonly answers: QueryAnswers;
}

/** An open database. */
export interface Engine {
  readonly dialect: SqlDialect;
  /** The engine's name and version, for display: `SQLCipher 4 (SQLite 3.53.2)`. */
  readonly label: string;
  /** The URL without a password or key. */
  readonly url: string;
  /** Whether the engine itself encrypts the database at rest. */
  readonly encrypted: boolean;
  /** Imports what builds queries for the engine; only queries need Kysely. */
  readonly kysely: () => Promise<KyselyOfEngine>;
  readonly sync: SyncEngine | undefined;
  /** The connected role, as read by the last call of `asOwner`; `undefined` if the engine has no roles. */
  readonly connectedRole: ConnectedRole | undefined;
  /**
   * Whether sessions sign their actor and scope, as read by the last call of `asOwner`; `undefined` if SQL of a session can
   * change neither.
   */
  readonly context: ContextState | undefined;
  /** Whether policies or trails of an earlier release trust settings although the database has a key. */
  readonly trustsSettings?: boolean;
  /** Whether this connection has a key that signs contexts, and the database could verify them but has none. */
  readonly hasUnusedKey?: boolean;

  /**
   * Registers tables, so that query results are decoded by the Zod types of the tables' columns, and views, so that
   * sessions see through them only the rows of their scope.
   */
  register(tables: readonly GuardedTable[], views?: readonly DeclaredView[]): void;
  /** Encodes a column's value as a parameter for `execute` and `insertMany`. Cheap; never fails. */
  encode(column: ValueForm, value: unknown): unknown;

  /**
   * Throws if a session may not run a statement that the caller wrote: a session reads and writes rows, and does not
   * change the schema, the connection or the transaction.
   *
   * @throws AshlarError `privilege-missing`
   */
  assertAllowed(sql: string): void;

  /** Opens a transaction. On SQLite, writers queue here. A dead pooled connection is replaced, not reported. */
  begin(options: TransactionOptions): Awaitable<Transaction>;
  /** Runs one read-only statement outside any session. */
  read(sql: string, parameters: readonly unknown[]): Awaitable<QueryResult>;

  /**
   * Runs `work` on a connection of the schema's owner. With `exclusive`, one process at a time; others wait at most
   * `lockTimeout` milliseconds (default 30,000), then `migration-locked`.
   */
  asOwner<T>(
    work: (owner: Owner) => Promise<T>,
    options?: { exclusive?: boolean; lockTimeout?: number },
  ): Promise<T>;
  /** Calls `work`, and lets its calls of `asOwner` share a connection where the engine opens one for each. */
  holdingOwner<T>(work: () => Promise<T>): Promise<T>;
  /** Reads the current schema as the engine describes it, without Ashlar's own tables and without partitions. */
  introspect(owner: Owner): Promise<Schema>;
  /** Runs one read-only statement outside any session. @returns its first row */
  first(sql: string, parameters: readonly unknown[]): Awaitable<Record<string, unknown> | undefined>;
  /**
   * Describes the whole database as the engine sees it, Ashlar's own objects and partitions included (decision 0028).
   *
   * @param of - what guards the tables of the current schema, if that is another one than the engine was opened with
   */
  catalogue(owner: Owner, of?: { readonly guards?: GuardedPlace | undefined }): Promise<Catalogue>;
  /**
   * Describes what `make` makes of an empty schema of this database, in a transaction that is rolled back, without what other
   * schemas and the database itself have; `undefined` if the engine has no schemas (SQLite).
   */
  readonly scratch: ((owner: Owner, make: (owner: Owner) => Promise<void>) => Promise<Catalogue>) | undefined;
  /**
   * Lists the partitions of a table, with their bounds and estimated numbers of rows; empty if the engine has no
   * partitions.
   */
  partitions(owner: Owner, table: string): Promise<readonly Partition[]>;

  /** Seals, in all ledgers, the rows that were committed before the call. */
  seal(): Promise<void>;

  /**
   * Rewrites the storage of these tables, so that no file of the database still contains deleted or overwritten values.
   *
   * @returns why a file may still contain them; `undefined` if none does
   */
  vacuum(tables: readonly TableFacts[]): Promise<string | undefined>;

  /**
   * Holds a consistent snapshot of the database while `work` reads and copies it. Writers wait at most briefly.
   *
   * @throws AshlarError `lock-timeout` if the snapshot cannot be taken in time; and what `work` throws
   */
  snapshot<T>(work: (snapshot: Snapshot) => Promise<T>): Promise<T>;

  /**
   * Opens a reader of all rows, for a move to another database.
   *
   * @param to - the SQL of that database
   *
   * @throws AshlarError `usage` for a database in memory
   */
  readonly bulkReader: (to: SqlName) => Promise<BulkReader>;

  /**
   * Passes a writer of rows to `work`, for a move into this database, and excludes migrations meanwhile.
   *
   * @throws AshlarError `migration-locked`
   */
  readonly bulkWriter: <T>(
    work: (writer: BulkWriter) => Promise<T>,
    options?: { lockTimeout?: number | undefined },
  ) => Promise<T>;

  close(): Promise<void>;
}

/**
 * A partition of a table: its bounds and its estimated number of rows. `from` inclusive and `to` exclusive are ISO
 * timestamps; both `undefined` for the default.
 */
export interface Partition {
  readonly name: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly rows: number;
}
