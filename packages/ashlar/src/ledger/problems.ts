import type { SignedRetirements } from './retirement-lines.js';

/** A root hash from a trusted source: a signed checkpoint, or an earlier verification. */
export interface KnownRoot {
  readonly size: number;
  readonly root: Uint8Array;
  /** A description of the source, for example `the checkpoint 300.checkpoint`. */
  readonly source: string;
  /** The time that the source states for the root; missing where it states none. */
  readonly at?: Date;
  /** What the source states about retirements; missing where it states nothing. */
  readonly retirements?: SignedRetirements;
}

/** A root hash whose source states a time, with the times between which it was made. */
export interface DatedRoot extends KnownRoot {
  readonly at: Date;
  /** The earliest time at which it was made, in milliseconds since 1970, if all clocks but its own were right. */
  readonly early: number;
  /** The latest time at which it was made, likewise. */
  readonly late: number;
}

/** One problem that a verification finds in a ledger. */
export interface LedgerProblem {
  /**
   * The position of the first leaf that the problem is about; `null` if it is about no leaf, such as a row without an
   * entry.
   */
  readonly position: number | null;
  /** The primary key of the row that the problem is about, as text; `null` if the row is not known. */
  readonly row_key: string | null;
  readonly what: string;
}
