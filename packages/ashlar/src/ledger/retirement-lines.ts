import { createHash, hash } from 'node:crypto';
import type { LedgerReader, PositionRun, Retirement } from '../contract/ledger.js';

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

/** A line with its text, as it is hashed and exported. */
export type LineWithText = Retirement & { readonly text: string };

/**
 * The text of a line: the JSON array `[number, first, last, cutoff, retired_at, keys]`, with the SHA-256 of the keys in base64.
 *
 * @param keysHash - the SHA-256 of the JSON array of the keys of the leaves that it retires, as text, in the order of their positions
 */
const lineText = ({ number, first, last, cutoff, retiredAt }: Retirement, keysHash: Buffer): string =>
  JSON.stringify([number, first, last, cutoff, retiredAt, keysHash.toString('base64')]);

const linesAtOnce = 1_000;
/** How many keys are held in memory: a line may have as many as a table has rows. */
const keysAtOnce = 10_000;

/** Reads the lines with a number above `after` in the order of their numbers, with their texts, in constant memory. */
export async function* readLines(
  reader: LedgerReader,
  after: number,
): AsyncGenerator<LineWithText, void, undefined> {
  for (let number = after; ; ) {
    const lines = await reader.retirementLines(number, linesAtOnce);
    for (const some of together(lines)) {
      const hashes = some.map(() => new KeysHash());
      for (const pieces of inPieces(some)) {
        const keys = await reader.rowKeys(pieces);
        // a forged line may be longer than the ledger
        if (keys.every((each) => each.length === 0)) break;
        for (const [at, { line }] of pieces.entries())
          for (const key of keys[at] ?? []) hashes[line]?.add(key);
      }
      for (const [at, line] of some.entries())
        yield { ...line, text: lineText(line, (hashes[at] as KeysHash).digest()) };
    }
    const last = lines.at(-1);
    if (!last || lines.length < linesAtOnce) return;
    number = last.number;
  }
}

/** The SHA-256 of the text that `JSON.stringify` makes of an array of keys, which may be too long for a text. */
class KeysHash {
  readonly #hash = createHash('sha256').update('[');
  #separator = '';

  add(key: string): void {
    this.#hash.update(`${this.#separator}${JSON.stringify(key)}`);
    this.#separator = ',';
  }

  digest(): Buffer {
    return this.#hash.update(']').digest();
  }
}

const sizeOf = ({ first, last }: Retirement): number => Math.max(0, last - first + 1);

/** Groups of lines whose keys are read with one query, if they are not too many. */
const together = (lines: readonly Retirement[]): readonly (readonly Retirement[])[] => {
  const groups: Retirement[][] = [];
  let keys = keysAtOnce;
  for (const line of lines) {
    const group = groups.at(-1);
    keys += sizeOf(line);
    if (group && keys <= keysAtOnce) group.push(line);
    else {
      groups.push([line]);
      keys = sizeOf(line);
    }
  }
  return groups;
};

/** A run of positions, and the line to which they belong. */
type Piece = PositionRun & { readonly line: number };

/** The positions of lines, in lists of as many as are read at once. */
function* inPieces(lines: readonly Retirement[]): Generator<readonly Piece[]> {
  const [only, ...others] = lines;
  if (only && others.length === 0)
    for (let first = only.first; first <= only.last; first += keysAtOnce)
      yield [{ line: 0, first, last: Math.min(only.last, first + keysAtOnce - 1) }];
  else yield lines.map(({ first, last }, line) => ({ line, first, last }));
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
