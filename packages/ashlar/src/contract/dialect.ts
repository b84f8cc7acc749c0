import type { AdoptionSql } from './adoption.js';
import type { BatchSql } from './batches.js';
import type { Printing } from './catalogue.js';
import type { StoredForm } from './column.js';
import type { ContentsSql } from './contents.js';
import type { ContextKeys } from './context.js';
import type { Expansion, ExpansionSteps } from './expansion.js';
import type { GuaranteeObject, GuardedTable } from './guarantee.js';
import type { GuardedPlace, GuardSql } from './guards.js';
import type { KeyTexts } from './key-texts.js';
import type { DeclaredView, ObjectSql } from './objects.js';
import type { Owner } from './owner.js';
import type { TableRights } from './rights.js';
import type { RoleDialect } from './roles.js';
import type { Schema, SchemaChange, SchemaColumn, SchemaTable } from './schema.js';
import type { RunSql, SqlName } from './sql.js';
import type { TableFacts } from './table.js';

/** A database object that guarantees rely on and that exists once in each database. Its name begins with `ashlar_`. */
export interface FoundationObject {
  readonly name: string;
  /** A query that returns a row if the object exists in its current definition. */
  readonly exists: string;
  /** Creates or replaces the object. */
  readonly create: string;
  /** For a table: the rights of the application's role; `undefined` if the role may only read. */
  readonly rights?: TableRights;
  /** For a table: whether only the owner may read it, and not even the auditor. */
  readonly secret?: boolean;
  /** For a table: whether no role may have a right on it but the owner, and the auditor where it is not secret. */
  readonly closed?: boolean;
}

/** A version of Ashlar's own objects in a database. Those of before the first of these are version 1. */
export interface FoundationVersion {
  /** 2, 3, 4, …; the same in each dialect. */
  readonly version: number;
  /** What the version changes, in lower-case letters, digits and `_`. */
  readonly name: string;
  /** The lowest version whose packages can use a database of this version. */
  readonly oldest: number;
  /**
   * The statements that turn the objects of the version before into those of this version. Sessions of packages from
   * `oldest` on run before, during and after them.
   */
  readonly change: readonly string[];
}

/** Ashlar's own objects in a database, as one release of the package knows them. */
export interface Foundation {
  /** The objects of the last version, with which a new database begins. */
  readonly foundation: readonly FoundationObject[];
  /** How each version came from the one before, in their order; empty while version 1 is the last. */
  readonly foundationVersions: readonly FoundationVersion[];
  /** Whether the target of an unfinished move is usable: for the move itself. */
  readonly allowsIncoming?: true;
}

/** A condition that the whole database must meet; otherwise guarantees do not hold. */
export interface Condition {
  readonly name: string;
  /** A query for the owner that returns one row per violation, described in the column `found`. */
  readonly finds: (tables: readonly string[]) => string;
}

/** The expressions and queries that `prove` needs in one SQL dialect. */
export interface Proving {
  /** Returns an encoded value as an SQL literal. */
  literal(value: unknown): string;
  /**
   * Returns an SQL expression that evaluates to the value of `expression` written as an SQL literal: `NULL`, `5`,
   * `'it''s'`.
   */
  quoted(expression: string): string;
  /** Returns an SQL expression for the name of the partition that holds a row; NULL for a table without partitions. */
  partitionOf(table: string): string;
  readonly conditions: readonly Condition[];
  /** Returns the CHECK constraints of a declared table, of its columns too, each as its condition. */
  checks(table: TableFacts): readonly { readonly name: string; readonly condition: string }[];
  /** Returns a query for the approximate number of rows of a table: `rows`. */
  rowsOf(table: string): string;
  readonly keys: KeyTexts;
  /**
   * Returns a query for the owner for what is wrong with the pages of a table and with its indexes, one line each, in the column
   * `found`; `undefined` where the engine cannot tell.
   */
  readonly damage: ((table: string) => string) | undefined;
  /**
   * Finds what the index of the primary key says and the rows of a table do not: one line each; `undefined` where
   * {@link Proving.damage} finds it.
   *
   * @param run - runs statements of one transaction, which sees one snapshot
   */
  readonly indexDamage: ((table: TableFacts, run: RunSql) => Promise<readonly string[]>) | undefined;
  /**
   * Calls `work`, whose statements read the rows of tables themselves and not by an index; `undefined` where {@link Proving.damage}
   * finds rows that a key does not keep apart.
   */
  readonly withoutIndexes: (<T>(run: RunSql, work: () => Promise<T>) => Promise<T>) | undefined;
  /** A query for a text that tells this database from others, as far as it can be told: `identity`. */
  readonly identity: string;
  /**
   * A statement after which the transaction reads rows without concluding anything from constraints; `undefined` where a planner
   * concludes nothing.
   */
  readonly trustNothing: string | undefined;
  /**
   * Returns a query for the owner that lists the objects of the schema, and extensions, with their `type` (as in {@link GuaranteeObject}) and
   * `name`; for a trigger, `always` says whether it fires in every case (`yes` or `no`).
   *
   * @param guards - where the tables are that a guard is on: what is put on them is listed, too
   */
  objects(guards: GuardedPlace | undefined): string;
}

/** Keeps the numbers that a database gives to rows from being used up by work that is rolled back. */
export interface Sequences {
  /**
   * Remembers the sequences of tables, by name with the rights of the application.
   *
   * @returns a function that sets them back, with an owner's connection
   */
  remember(owner: Owner, tables: ReadonlyMap<string, TableRights>): Promise<(owner: Owner) => Promise<void>>;
}

/** The SQL of one kind of engine, independent of any connection. */
export interface SqlDialect extends Foundation {
  readonly name: SqlName;
  /** The objects of version 1, from which `foundationVersions` leads to the last version. */
  readonly firstFoundation: readonly FoundationObject[];
  /**
   * Returns an SQL expression for the current time, in the form of a timestamp column with `precision` fractional
   * digits.
   */
  now(precision: 3 | 6): string;
  /** The SQL after a SELECT that locks its rows; empty where a transaction that writes is the only one. */
  readonly lockRows: string;
  /**
   * Returns the statements that create a table with its indexes and the objects of its guarantees, formatted for
   * review.
   */
  createTable(table: GuardedTable): readonly string[];
  /**
   * Returns the statements that create several tables, which may refer to one another, in the given order; a table comes
   * after those that it refers to, except in a circle of references.
   *
   * @param andThen - returns the statements that follow those of a table
   */
  createTables(
    tables: readonly GuardedTable[],
    andThen?: (table: GuardedTable) => readonly string[],
  ): readonly string[];
  /**
   * Returns the objects that maintain the generated columns of a table (`updatedAt()`, `autoincrement()`);
   * `createTable` creates them too.
   */
  generatedColumnObjects(table: TableFacts): readonly GuaranteeObject[];
  /** Returns the objects that a table declares besides its guarantees, in the order in which they can be created. */
  declaredObjects(table: GuardedTable): readonly ObjectSql[];
  /** Returns the statement that creates a declared view. */
  viewSql(view: DeclaredView): string;
  /**
   * Returns the statements that turn the schema `before` into the schema `after`, and those that reverse them. `model`
   * are the tables that `after` was made from.
   */
  changes(
    before: Schema,
    after: Schema,
    model: readonly GuardedTable[],
    renames: Renames,
  ): readonly SchemaChange[];
  /**
   * Finds views, triggers and virtual tables that no longer work, one line for each; call it in a transaction. Empty
   * where the engine itself does not let a change break them.
   */
  findBroken(owner: Owner): Promise<readonly string[]>;
  /**
   * Returns the statements that rename tables with their side tables and keep the rows, and the schema `before` as the
   * engine describes it afterwards; `changes` of that schema follow. `names` has the renamed tables, side tables
   * included: previous name → current name.
   */
  renameTables(
    before: Schema,
    model: readonly GuardedTable[],
    renames: TableRenames,
  ): {
    readonly schema: Schema;
    readonly changes: readonly SchemaChange[];
    readonly names: ReadonlyMap<string, string>;
  };
  /** Returns the statements of the three steps that make a change of a live table. */
  expansion(change: Expansion): ExpansionSteps;
  /**
   * Returns an SQL expression for a value of the column `from` in the form of the column `to`, which has another name or
   * another table. A value without an equal in the new form fails.
   */
  converted(from: ColumnOf, to: ColumnOf): string;
  /**
   * Returns the owner that runs the steps of migrations: it refuses a statement that would delete rows of tables that it
   * does not name.
   */
  ownerOfSteps(owner: Owner): Owner;
  /**
   * Returns the stored form of a described column, from its type and its CHECK; `undefined` for a type that no
   * declaration of Ashlar gives.
   */
  storedForm(table: SchemaTable, column: SchemaColumn): StoredForm | undefined;
  /** Writes a schema as text in a fixed order: the dump, a file kept under version control. */
  dump(schema: Schema): string;
  readonly proving: Proving;
  /** How to find out which rows and values a step loses. */
  readonly contents: ContentsSql;
  /** How a step runs a statement in batches of rows. */
  readonly batches: BatchSql;
  /** Sets sequences back; `undefined` if a rollback does that (SQLite). */
  readonly sequences: Sequences | undefined;
  /** How tables of another tool are guarded. */
  readonly guarding: GuardSql;
  /** How a database of another program is taken over. */
  readonly adoption: AdoptionSql;
  /** How descriptions of databases are compared; `undefined` if equal objects have equal texts (SQLite). */
  readonly printing: Printing | undefined;
  /** Plans and grants the rights of roles; `undefined` if the engine has no roles (SQLite). */
  readonly roles: RoleDialect | undefined;
  /** Writes the keys that verify contexts of sessions; `undefined` if the engine has no roles. */
  readonly contextKeys: ContextKeys | undefined;
}

/** A described column with its table. */
export type ColumnOf = readonly [table: SchemaTable, column: SchemaColumn];

/** The renamed columns of each table, as a map: table → { current column name → previous column name }. */
export type Renames = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The renamed tables, as a map: current name → previous name. */
export type TableRenames = Readonly<Record<string, string>>;
