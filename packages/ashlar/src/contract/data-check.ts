import type { SqlName } from './sql.js';
import type { TableFacts } from './table.js';

/** What a guarantee knows when it says how its rows are checked. */
export interface DataContext {
  readonly dialect: SqlName;
  /** The tables of the system. */
  readonly tables: readonly TableFacts[];
}

/** How to find rows that break a guarantee or a declaration, although the database should have refused them. */
export interface DataCheck {
  /** What is wrong with a row that is found, after the words `the row KEY`: `refers to no row of clients`. */
  readonly what: string;
  /** The table of the system whose rows are checked. Default: the table that has the guarantee. */
  readonly of?: string;
  /**
   * The SQL condition under which a row is bad; `t` is the alias of the row. It is evaluated for each row, so it finds other
   * rows by an index. NULL counts as false.
   */
  readonly bad: string;
  /**
   * Whether the table is checked at once: `bad` is then a query for the bad rows, with all their columns. For a check that would read
   * other rows again for each batch.
   */
  readonly atOnce?: boolean;
}
