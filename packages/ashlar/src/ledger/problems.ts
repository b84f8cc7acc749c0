/** A root that is known from elsewhere: of a signed checkpoint, or of the last verification. */
export interface KnownRoot {
  readonly size: number;
  readonly root: Uint8Array;
  /** Where it is from, for people. */
  readonly source: string;
}

/** Something that is not as it must be. */
export interface LedgerProblem {
  /** The position in the log, or the first of several; `null` for a row that has none. */
  readonly position: number | null;
  /** The key of the row as text, where it is known which. */
  readonly row_key: string | null;
  readonly what: string;
}
