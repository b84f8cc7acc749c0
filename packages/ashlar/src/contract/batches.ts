/** How one dialect runs a statement in batches of rows. */
export interface BatchSql {
  /** A query for the names of the columns of a table's primary key, in its order: `name`. */
  key(table: string): string;
  /** A clause that locks the rows of a batch, without waiting for those that a session has locked; may be empty. */
  readonly lock: string;
  /**
   * Returns the condition of the rows that a batch found.
   *
   * @param key - the columns of the primary key, as SQL names
   * @param rows - the keys of the rows in their order, each with a literal for each column
   */
  rows(key: readonly string[], rows: readonly (readonly string[])[]): string;
}
