import type { RunSql } from './sql.js';

/** A statement of a step, as far as it matters to the rows that exist. */
export interface WatchedStatement {
  readonly sql: string;
  /** The table that it updates or deletes from, by its own text; `undefined` for any other statement. */
  readonly table: string | undefined;
  /** Whether the rows that it changes count; `false` for an UPDATE that only fills new columns. */
  readonly counts: boolean;
}

/** The numbers of rows of a table that were updated and deleted. */
export interface ChangedRows {
  readonly updated: number;
  readonly deleted: number;
}

/** Counts the rows that the statements of a step update or delete. */
export interface RowWatch {
  /** Runs a statement and counts. */
  around<T>(statement: WatchedStatement, run: () => Promise<T>): Promise<T>;
  /** Returns the changed rows so far by the `id` of {@link ContentsSql.tables}. */
  changed(): Promise<ReadonlyMap<string, ChangedRows>>;
  /** Returns whether tables that {@link changed} does not name may have lost rows or values as well. */
  others(): Promise<boolean>;
}

/** The SQL that finds out which rows and values a step loses. All of it runs in the open transaction of the owner. */
export interface ContentsSql {
  /**
   * A query that lists each column of each table that stores rows, without Ashlar's own tables: `table`; `id`, which
   * remains when the table is renamed, if the engine has such a thing, otherwise the name; `storage`, which changes when
   * the table is rewritten or emptied; `source`, the table as FROM takes it; `column`; `column_id`, which remains when the column is renamed, or NULL; `standard`, the
   * default as SQL, or NULL; `computed`, whether the value is generated.
   */
  readonly tables: string;
  /** Returns a query for the number of rows of a table, `rows`: estimated where the engine has an estimate. */
  estimate(source: string): string;
  /** Returns an SQL expression that describes the values of a column in one text, equal for equal sets of values. */
  fingerprint(column: string): string;
  /** Returns the text of a value, which can be compared with IS DISTINCT FROM. */
  text(expression: string): string;
  /** Returns the statement that keeps other sessions from changing a table; `undefined` if the transaction does so already. */
  lock(source: string): string | undefined;
  watch(run: RunSql): Promise<RowWatch>;
}
