import type { GuardedTable } from './guarantee.js';
import type { TableRights } from './rights.js';
import type { RoleDialect } from './roles.js';
import type { Schema, SchemaChange } from './schema.js';
import type { SqlName } from './sql.js';

/** An object that guarantees rely on and that each database has once. Its name begins with `ashlar_`. */
export interface FoundationObject {
  readonly name: string;
  /** A query that returns a row if the object exists in its current definition. */
  readonly exists: string;
  /** Creates or replaces the object. */
  readonly create: string;
  /** For a table: the rights of the application's role, if it may do more than read. */
  readonly rights?: TableRights;
}

/** A condition of the whole database without which guarantees do not hold. */
export interface Condition {
  readonly name: string;
  /** A query for the owner that returns one row per violation, described in the column `found`. */
  readonly finds: (tables: readonly string[]) => string;
}

/** What `prove` needs to know of a kind of SQL. */
export interface Proving {
  /** An encoded value as an SQL literal. */
  literal(value: unknown): string;
  /** An expression that returns the value of another expression as an SQL literal: `NULL`, `5`, `'it''s'`. */
  quoted(expression: string): string;
  /** An expression for the name of the partition that holds a row; NULL for a table without partitions. */
  partitionOf(table: string): string;
  readonly conditions: readonly Condition[];
  /**
   * A query for the owner that lists every object of the schema: its `type` as in {@link GuaranteeObject}, its `name`, and
   * for a trigger in `always` whether it fires in every case: `yes` or `no`.
   */
  readonly objects: string;
}

/** The SQL of one kind of engine, independent of any connection. */
export interface SqlDialect {
  readonly name: SqlName;
  /** The current time as an SQL expression, in the form of a timestamp column with that many digits of a second. */
  now(precision: 3 | 6): string;
  /** Objects that must exist before the tables of a system. */
  readonly foundation: readonly FoundationObject[];
  /** The statements that create a table with its indexes and the objects of its guarantees, formatted for review. */
  createTable(table: GuardedTable): readonly string[];
  /** The statements that turn `before` into `after`, and back. `model` are the tables that `after` was made from. */
  changes(
    before: Schema,
    after: Schema,
    model: readonly GuardedTable[],
    renames: Renames,
  ): readonly SchemaChange[];
  /** A schema as text in a fixed order: the committed dump. */
  dump(schema: Schema): string;
  readonly proving: Proving;
  /** How roles are made and granted to; `undefined` where there are none (a file has no roles). */
  readonly roles: RoleDialect | undefined;
}

/** table → { column now → column before }. */
export type Renames = Readonly<Record<string, Readonly<Record<string, string>>>>;
