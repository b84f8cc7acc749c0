import type { DeclaredType } from './adoption.js';
import type { GuardedTable } from './guarantee.js';
import type { Owner } from './owner.js';
import type { Schema, SchemaColumn } from './schema.js';
import type { RunSql } from './sql.js';
import type { TableFacts } from './table.js';

/** Where the tables are that a system guards without owning them, and where Ashlar's own objects are. */
export interface GuardedPlace {
  /** The schema of the tool that owns the tables. */
  readonly schema: string;
  /** The schema of Ashlar's own objects. */
  readonly own: string;
  /** The names of the tool's tables that the system declares. */
  readonly tables: readonly string[];
  /**
   * The names of Ashlar's own tables of the system. On SQLite they tell its tables from those of the tool, which are in the same
   * file; a shadow has none of the tool's others, and needs no names.
   */
  readonly ownTables?: readonly string[] | undefined;
}

/** The columns of another tool's table: name → type of the database, as a step found them. */
export type ExternalColumns = Readonly<Record<string, string>>;

/** The tool's tables as a step found them; each step of a guard keeps them, because the tool changes them later. */
export interface ExternalTables {
  readonly schema: string;
  readonly own: string;
  readonly tables: Readonly<Record<string, ExternalColumns>>;
}

/** What an engine does for tables that another tool owns. */
export interface GuardSql {
  /** A query with one column, `name`: the schema of the tool's tables; `undefined` where there are no schemas. */
  readonly currentSchema: string | undefined;
  /** Returns how a column of the tool is declared: by the kind that has exactly its values, else by its own type. */
  typeOf(schema: Schema, column: SchemaColumn): DeclaredType;
  /** Returns the columns of an external table with their types in the database. */
  columns(table: TableFacts): ExternalColumns;
  /**
   * Makes the tool's tables in a shadow database as a step found them. A table that differs is made again, with its
   * objects, as far as they fit its columns.
   *
   * @param found - the schema of the shadow before
   */
  place(owner: Owner, tables: ExternalTables, found: Schema): Promise<void>;
  /**
   * Returns why a guard cannot be put on the tool's tables of a database, one line each; empty where it can. Reads the
   * catalogue only.
   */
  obstacles(run: RunSql, place: GuardedPlace, tables: readonly GuardedTable[]): Promise<readonly string[]>;
  /** Returns the columns that no line of a trail has, because the tool added them, one line each. */
  untold(run: RunSql, tables: readonly GuardedTable[]): Promise<readonly string[]>;
}
