import type { GuardedTable } from './guarantee.js';
import type { TableRights } from './rights.js';
import type { RoleDialect } from './roles.js';
import type { Schema, SchemaChange } from './schema.js';
import type { SqlName } from './sql.js';

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
  /** What must be there before any table of a system. */
  readonly foundation: readonly FoundationObject[];
  /** The statements that create a table with its indexes and the objects of its guarantees, as a person would write them. */
  createTable(table: GuardedTable): readonly string[];
  /** The statements that turn `before` into `after`, and back. `model` are the tables that `after` was made from. */
  changes(
    before: Schema,
    after: Schema,
    model: readonly GuardedTable[],
    renames: Renames,
  ): readonly SchemaChange[];
  /** A schema as text, in a fixed order: what is committed as the dump. */
  dump(schema: Schema): string;
  readonly proving: Proving;
  /** How roles are made and granted to; `undefined` where there are none (a file has no roles). */
  readonly roles: RoleDialect | undefined;
}

/** table → { column now → column before }. */
export type Renames = Readonly<Record<string, Readonly<Record<string, string>>>>;
