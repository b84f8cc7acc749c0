import type { StoredForm } from './column.js';
import type { GuaranteeObject, GuardedTable } from './guarantee.js';
import type { TableRights } from './rights.js';
import type { RoleDialect } from './roles.js';
import type { Schema, SchemaChange, SchemaColumn, SchemaTable } from './schema.js';
import type { SqlName } from './sql.js';
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
  /**
   * A query for the owner that lists every object of the schema with its `type` (as in {@link GuaranteeObject}) and
   * `name`; for a trigger, `always` says whether it fires in every case (`yes` or `no`).
   */
  readonly objects: string;
}

/** The SQL of one kind of engine, independent of any connection. */
export interface SqlDialect {
  readonly name: SqlName;
  /**
   * Returns an SQL expression for the current time, in the form of a timestamp column with `precision` fractional
   * digits.
   */
  now(precision: 3 | 6): string;
  /** The database objects that must exist before the tables of a system. */
  readonly foundation: readonly FoundationObject[];
  /**
   * Returns the statements that create a table with its indexes and the objects of its guarantees, formatted for
   * review.
   */
  createTable(table: GuardedTable): readonly string[];
  /**
   * Returns the objects that maintain the generated columns of a table (`updatedAt()`, `autoincrement()`);
   * `createTable` creates them too.
   */
  generatedColumnObjects(table: TableFacts): readonly GuaranteeObject[];
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
   * Returns the stored form of a described column, from its type and its CHECK; `undefined` for a type that no
   * declaration of Ashlar gives.
   */
  storedForm(table: SchemaTable, column: SchemaColumn): StoredForm | undefined;
  /** Writes a schema as text in a fixed order: the dump, a file kept under version control. */
  dump(schema: Schema): string;
  readonly proving: Proving;
  /** Plans and grants the rights of roles; `undefined` if the engine has no roles (SQLite). */
  readonly roles: RoleDialect | undefined;
}

/** The renamed columns of each table, as a map: table → { current column name → previous column name }. */
export type Renames = Readonly<Record<string, Readonly<Record<string, string>>>>;
