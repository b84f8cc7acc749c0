import { hour } from './clocks.js';
import type { DatedRoot, KnownRoot } from './problems.js';
import type { SignedRetirements } from './retirement-lines.js';

/** A checkpoint that signs retirements. */
export type SignedRoot = DatedRoot & { readonly retirements: SignedRetirements };

/**
 * When the checkpoints of a ledger were signed. A signer's clock may have been wrong: a time that is later than the present time, or
 * than that of a checkpoint which continues it, shows nothing, neither of entries before it nor of those after it.
 */
export class CheckpointTimes {
  /** By ascending size, without those whose time shows nothing. */
  readonly #dated: readonly DatedRoot[];
  /** All that sign retirements, by ascending count of these. */
  readonly #signed: readonly SignedRoot[];
  /** By ascending count of retirements, without those whose time shows nothing. */
  readonly #signedAndDated: readonly SignedRoot[];
  /** One line for each checkpoint whose time shows nothing. */
  readonly unverified: readonly string[];

  /** @param now - the present time of this process */
  constructor(roots: readonly KnownRoot[], now: Date) {
    const stated = roots.flatMap((one) => {
      const at = one.at ?? one.retirements?.at;
      return at ? [{ ...one, at }] : [];
    });
    const dated = bounded(stated, now, (one) => [one.size, linesOf(one)]);
    const contradicted = dated.filter(isContradicted);
    const others = dated.filter((one) => !isContradicted(one));
    this.#dated = bounded(others, now, (one) => [one.size, linesOf(one)]);
    this.#signed = bounded(dated, now, (one) => [linesOf(one), one.size]).filter(isSigned);
    this.#signedAndDated = bounded(others.filter(isSigned), now, (one) => [linesOf(one), one.size]);
    this.unverified = contradicted.map(({ at, source }) => {
      const why = at.getTime() - now.getTime() > hour ? 'in the future' : 'after a later one';
      return `${source} is dated ${at.toISOString()}, ${why}: its time shows nothing`;
    });
  }

  /** Whether any checkpoint signs retirements. */
  get signsRetirements(): boolean {
    return this.#signed.length > 0;
  }

  /** The checkpoint that signs the most retirements. */
  get largest(): SignedRoot | undefined {
    return this.#signed.at(-1);
  }

  /** The newest checkpoint of at most a size, of those whose time counts. */
  upTo(size: number): DatedRoot | undefined {
    return last(this.#dated, (one) => one.size <= size);
  }

  /** The size of the newest checkpoint that was signed by a time; 0 without one. */
  sizeAt(time: number): number {
    return last(this.#dated, ({ late }) => late <= time)?.size ?? 0;
  }

  /** The number of retirements that were signed by a time. */
  countAt(time: number): number {
    // a signature states whole seconds
    return last(this.#signedAndDated, ({ late }) => late + 1_000 <= time)?.retirements.count ?? 0;
  }

  /** The newest checkpoint that does not sign the retirement of a number yet, whatever its time. */
  without(number: number): SignedRoot | undefined {
    return last(this.#signed, ({ retirements }) => retirements.count < number);
  }

  /** The newest checkpoint that does not sign the retirement of a number yet, of those whose time counts. */
  before(number: number): SignedRoot | undefined {
    return last(this.#signedAndDated, ({ retirements }) => retirements.count < number);
  }

  /** The oldest checkpoint that signs the retirement of a number, of those whose time counts. */
  with(number: number): SignedRoot | undefined {
    const signed = this.#signedAndDated;
    return signed[countWhile(signed, ({ retirements }) => retirements.count < number)];
  }

  /** The checkpoints that sign just this many retirements. */
  of(count: number): readonly SignedRoot[] {
    const [from, to] = [count, count + 1].map((most) =>
      countWhile(this.#signed, ({ retirements }) => retirements.count < most),
    );
    return this.#signed.slice(from, to);
  }
}

const isSigned = (one: DatedRoot): one is SignedRoot => one.retirements !== undefined;

/** A checkpoint that signs no lines is older than one that signs that there are none. */
const linesOf = ({ retirements }: KnownRoot): number => retirements?.count ?? -1;

const isContradicted = ({ at, early }: DatedRoot): boolean => at.getTime() - early > hour;

/** Sorts roots in the order in which they were signed, and adds the bounds of their times. */
const bounded = <T extends KnownRoot & { readonly at: Date }>(
  roots: readonly T[],
  now: Date,
  orderOf: (root: KnownRoot) => readonly [number, number],
): readonly (T & DatedRoot)[] => {
  const sorted = [...roots].sort((one, other) => {
    const [[a, b], [c, d]] = [orderOf(one), orderOf(other)];
    // of two checkpoints of the same the later time is no evidence: it may be the wrong one that the other one corrects
    return a - c || b - d || other.at.getTime() - one.at.getTime();
  });
  let [early, late] = [now.getTime(), 0];
  return sorted
    .toReversed()
    .map((root) => {
      early = Math.min(early, root.at.getTime());
      return { ...root, early };
    })
    .toReversed()
    .map((root) => {
      late = Math.max(late, root.at.getTime());
      return { ...root, late };
    });
};

/** How many items at the beginning of a list a condition holds for, in logarithmic time; it holds for no later one. */
const countWhile = <T>(list: readonly T[], holds: (item: T) => boolean): number => {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(list[middle] as T)) low = middle + 1;
    else high = middle;
  }
  return low;
};

const last = <T>(list: readonly T[], holds: (item: T) => boolean): T | undefined =>
  list[countWhile(list, holds) - 1];
