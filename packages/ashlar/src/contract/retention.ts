/**
 * The length of time for which a row is kept. Calendar months are those of UTC; where a month has no such day, its
 * last day counts.
 */
export interface Period {
  readonly years?: number;
  readonly months?: number;
  readonly days?: number;
}

/** How long the rows of a table are kept, and why. */
export interface Retention {
  /** The column that contains the time at which the period starts. */
  readonly column: string;
  readonly period: Period;
  /** The legal or contractual ground, for example `POPIA s14(1)`. */
  readonly reason: string;
  /** The name of the table that contains legal holds. */
  readonly holds: string | undefined;
  /** The scope column of the table, so that a legal hold can cover all rows of a scope. */
  readonly scope: string | undefined;
}
