import type { DialectAdapter, QueryCompiler } from 'kysely';
import type { Column } from './column.js';
import type { SqlDialect } from './dialect.js';
import type { GuardedTable } from './guarantee.js';
import type { Owner } from './owner.js';
import type { ConnectedRole } from './roles.js';
import type { Schema } from './schema.js';
import type { Snapshot } from './snapshot.js';
import type { Awaitable } from './sql.js';
import type { TableFacts } from './table.js';
import type { QueryResult, Transaction, TransactionOptions } from './transaction.js';

/** A place where sessions can be run without promises. Only SQLite has one. */
export interface SyncEngine {
  begin(options: TransactionOptions): Transaction;
}

/** What an open database is to the rest of Ashlar. */
export interface Engine {
  readonly dialect: SqlDialect;
  /** For people: `SQLCipher 4 (SQLite 3.53.2)`. */
  readonly label: string;
  /** The URL without a password or key. */
  readonly url: string;
  /** Encrypted at rest by the engine itself. */
  readonly encrypted: boolean;
  readonly kysely: { readonly adapter: () => DialectAdapter; readonly compiler: () => QueryCompiler };
  readonly sync: SyncEngine | undefined;
  /** Who sessions are, as of the last `asOwner`; `undefined` where the engine has no roles. */
  readonly connectedRole: ConnectedRole | undefined;

  /** Makes results of these tables' columns decode to what their Zod types say. */
  register(tables: readonly GuardedTable[]): void;
  /** A value of a column in the form that `execute` and `insertMany` take. Cheap, and never fails. */
  encode(column: Column, value: unknown): unknown;

  /** Opens a transaction. On SQLite writers queue here. A dead pooled connection is replaced here, not surfaced. */
  begin(options: TransactionOptions): Awaitable<Transaction>;
  /** One read-only statement outside any session. */
  read(sql: string, parameters: readonly unknown[]): Awaitable<QueryResult>;

  /**
   * Runs `work` on a connection of the owner. With `exclusive`, one process at a time; others wait at most
   * `lockTimeout` milliseconds (default 30,000), then `migration-locked`.
   */
  asOwner<T>(
    work: (owner: Owner) => Promise<T>,
    options?: { exclusive?: boolean; lockTimeout?: number },
  ): Promise<T>;
  /** What the database holds now, in the engine's own words; Ashlar's own tables and partitions' children left out. */
  introspect(owner: Owner): Promise<Schema>;
  /** Partitions of a table by name, with their bounds and row estimate; empty where the engine has none. */
  partitions(owner: Owner, table: string): Promise<readonly Partition[]>;

  /** Does now what guarantees do soon after rows are committed, for everything that was committed before the call. */
  seal(): Promise<void>;

  /**
   * Rewrites what holds these tables, so that what was deleted or overwritten in them is in no file of the database any
   * more. @returns why it may still be in one; `undefined` when all was done
   */
  vacuum(tables: readonly TableFacts[]): Promise<string | undefined>;

  /**
   * Holds one moment of the database while `work` reads and copies it. Writers are kept waiting for a moment at most.
   *
   * @throws AshlarError `lock-timeout` where the moment cannot be had in time; what `work` throws
   */
  snapshot<T>(work: (snapshot: Snapshot) => Promise<T>): Promise<T>;

  close(): Promise<void>;
}

/** One partition. `from` inclusive and `to` exclusive are ISO timestamps; both `undefined` for the default. */
export interface Partition {
  readonly name: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly rows: number;
}
