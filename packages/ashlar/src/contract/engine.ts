import type { DialectAdapter, QueryCompiler } from 'kysely';
import type { Column, SqlName, Table, TableRights } from '../model/index.js';
import type { Owner } from './owner.js';
import type { ConnectedRole, RoleDialect } from './roles.js';
import type { Schema, SchemaChange } from './schema.js';
import type { Snapshot } from './snapshot.js';

/** A value, or a promise of it: SQLite answers at once, a server later. Always `await` it. */
export type Awaitable<T> = T | Promise<T>;

/** Rows decoded to what their columns' Zod types say, and how many rows a write changed. */
export interface QueryResult {
  readonly rows: Record<string, unknown>[];
  readonly changes: number;
}

/** The scope of a session that may reach the rows of all scopes. It must be asked for: no scope is nobody's. */
export const everyScope = '*';

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
    table: Table,
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

/** Something of Ashlar's own that guarantees rely on, in each database: its name begins with `ashlar_`. */
export interface FoundationObject {
  readonly name: string;
  /** A query that gives a row when it is there, as it must be. */
  readonly exists: string;
  /** Makes it, or replaces what is there. */
  readonly create: string;
  /** For a table: what the application's role may do with it, where that is more than to read. */
  readonly rights?: TableRights;
}

/** Something without which guarantees do not hold, whatever the tables' own definitions say. */
export interface Condition {
  readonly name: string;
  /** A query of the owner's that gives a line of text, as `found`, for each thing that is not as it must be. */
  readonly finds: (tables: readonly string[]) => string;
}

/** What the proofs need to know of a kind of SQL. */
export interface Proving {
  /** An encoded value as it stands in SQL. */
  literal(value: unknown): string;
  /** An expression for the SQL text of another one's value: `NULL`, `5`, `'it''s'`. */
  quoted(expression: string): string;
  /** An expression for the name of the partition in which a row of a table lies; NULL where it lies in none. */
  partitionOf(table: string): string;
  readonly conditions: readonly Condition[];
  /**
   * A query of the owner's for every object of the place: its `type` as a guarantee names it, its `name`, and for a
   * trigger in `always` whether it fires in every case: `yes` or `no`.
   */
  readonly objects: string;
}

/** The SQL of one kind of engine: no connection, only text and knowledge. */
export interface SqlDialect {
  readonly name: SqlName;
  /** The current time as an SQL expression, in the form a timestamp column of that many digits holds. */
  now(precision: 3 | 6): string;
  /** The tables that must exist before any table of a system. */
  readonly foundation: readonly FoundationObject[];
  /** The statements that create a table with its indexes and the objects of its guarantees, as a person would write them. */
  createTable(table: Table): readonly string[];
  /** The statements that turn `before` into `after`, and back. `model` are the tables that `after` was made from. */
  changes(before: Schema, after: Schema, model: readonly Table[], renames: Renames): readonly SchemaChange[];
  /** A schema as text, in a fixed order: what is committed as the dump. */
  dump(schema: Schema): string;
  readonly proving: Proving;
  /** An empty database in this process, gone when closed: for shadow comparisons. */
  openShadow(): Promise<Engine>;
  /** How roles are made and granted to; `undefined` where there are none (a file has no roles). */
  readonly roles: RoleDialect | undefined;
}

/** table → { column now → column before }. */
export type Renames = Readonly<Record<string, Readonly<Record<string, string>>>>;

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
  register(tables: readonly Table[]): void;
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
  vacuum(tables: readonly Table[]): Promise<string | undefined>;

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
