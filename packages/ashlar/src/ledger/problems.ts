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

/** A root hash whose source states a time. */
export type DatedRoot = KnownRoot & { readonly at: Date };

/** The roots whose sources state a time. */
export function datedRoots(roots: readonly KnownRoot[]): readonly DatedRoot[] {
  return roots.flatMap((one) => (one.at ? [{ ...one, at: one.at }] : []));
}

/** Returns a function that finds the newest dated root of at most a size, in logarithmic time. */
export function newestUpTo(roots: readonly KnownRoot[]): (size: number) => DatedRoot | undefined {
  const rising: DatedRoot[] = [];
  for (const one of [...datedRoots(roots)].sort((a, b) => a.size - b.size))
    if (one.at > (rising.at(-1)?.at ?? new Date(0))) rising.push(one);
  return (size) => {
    let [low, high] = [0, rising.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((rising[middle] as DatedRoot).size <= size) low = middle + 1;
      else high = middle;
    }
    return rising[low - 1];
  };
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
