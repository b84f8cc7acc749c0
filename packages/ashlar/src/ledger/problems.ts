/** A root from a trusted source: a signed checkpoint, or the last verification. */
export interface KnownRoot {
  readonly size: number;
  readonly root: Uint8Array;
  /** A description of the source: `the checkpoint 300.checkpoint`. */
  readonly source: string;
}

/** One problem that a verification finds in a ledger. */
export interface LedgerProblem {
  /**
   * The position of the leaf, or of the first of several; `null` if the problem has no position, as for a row without
   * an entry.
   */
  readonly position: number | null;
  /** The primary key of the row, as text; `null` if the row is not known. */
  readonly row_key: string | null;
  readonly what: string;
}
