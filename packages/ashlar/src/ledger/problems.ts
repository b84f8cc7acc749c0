/** A root from a trusted source: a signed checkpoint, or the last verification. */
export interface KnownRoot {
  readonly size: number;
  readonly root: Uint8Array;
  /** The source, in words: `the checkpoint 300.checkpoint`. */
  readonly source: string;
}

/** One problem of a ledger. */
export interface LedgerProblem {
  /** The position in the log, or the first of several; `null` for a row without an entry. */
  readonly position: number | null;
  /** The key of the row as text; `null` where the row is not known. */
  readonly row_key: string | null;
  readonly what: string;
}
