import { hash } from 'node:crypto';
import type { Retirement } from '../contract/ledger.js';

/** The name and version of the form in which retirements are signed. */
export const retirementsForm = 'ashlar/retirements/v1';

/** The first lines of a ledger's retirements, by their number and their digest. */
export interface RetirementLines {
  readonly count: number;
  /** SHA-256 over the digest before the last line and that line. */
  readonly digest: Buffer;
}

/** What a signed checkpoint states about the retirements of its ledger. */
export interface SignedRetirements extends RetirementLines {
  /** The time that the signature states. */
  readonly at: Date;
}

const sha256 = (...parts: readonly Uint8Array[]): Buffer => hash('sha256', Buffer.concat(parts), 'buffer');

/** No line at all. */
export const noLines: RetirementLines = Object.freeze({
  count: 0,
  digest: sha256(Buffer.from(retirementsForm)),
});

/**
 * The text of a line, as it is hashed and exported: the JSON array `[number, first, last, cutoff, retired_at, keys]`, with the
 * SHA-256 of the keys in base64.
 *
 * @param keys - the keys of the leaves that it retires, as text, in the order of their positions
 */
export function lineText(
  { number, first, last, cutoff, retiredAt }: Retirement,
  keys: readonly string[],
): string {
  const keysHash = sha256(Buffer.from(JSON.stringify(keys))).toString('base64');
  return JSON.stringify([number, first, last, cutoff, retiredAt, keysHash]);
}

/** Returns the lines with one more, which is given as {@link lineText} writes it. */
export function withLine({ count, digest }: RetirementLines, line: string): RetirementLines {
  return { count: count + 1, digest: sha256(digest, Buffer.from(line)) };
}

/** Whether two counts and digests are those of the same lines. */
export function sameLines(one: RetirementLines | undefined, other: RetirementLines | undefined): boolean {
  if (!one || !other) return one === other;
  return one.count === other.count && one.digest.equals(other.digest);
}
