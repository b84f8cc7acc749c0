/** How long a row stays. Calendar months are those of UTC; where a month has no such day, its last day counts. */
export interface Period {
  readonly years?: number;
  readonly months?: number;
  readonly days?: number;
}

/** How long the rows of a table stay, and why. */
export interface Retention {
  /** The column from whose time the period runs. */
  readonly column: string;
  readonly period: Period;
  /** The legal or contractual ground: `POPIA s14(1)`. */
  readonly reason: string;
  /** The name of the table of legal holds. */
  readonly holds: string | undefined;
  /** The scope column, for holds on all rows of a scope. */
  readonly scope: string | undefined;
}
