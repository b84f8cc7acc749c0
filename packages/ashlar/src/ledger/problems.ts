/** A root hash from a trusted source: a signed checkpoint, or an earlier verification. */
export interface KnownRoot {
  readonly size: number;
  readonly root: Uint8Array;
  /** A description of the source, for example `the checkpoint 300.checkpoint`. */
  readonly source: string;
  /** The time that the source states for the root; missing where it states none. */
  readonly at?: Date;
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
