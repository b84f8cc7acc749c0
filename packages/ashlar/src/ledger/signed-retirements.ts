import type { LedgerReader, Retirement } from '../contract/ledger.js';
import { hour } from './clocks.js';
import type { KnownRoot, LedgerProblem } from './problems.js';
import {
  lineText,
  noLines,
  type RetirementLines,
  type SignedRetirements,
  withLine,
} from './retirement-lines.js';

const atOnce = 1_000;

/** Compares the retirements of a ledger with those that its checkpoints signed. */
export class SignedLines {
  /** By ascending count. */
  readonly #signed: readonly (SignedRetirements & { readonly source: string })[];
  #lines: RetirementLines;

  /** @param trusted - the checkpoint whose lines are not computed again */
  constructor(checkpoints: readonly KnownRoot[], trusted: KnownRoot | undefined) {
    this.#signed = checkpoints
      .flatMap(({ retirements, source }) => (retirements ? [{ ...retirements, source }] : []))
      .sort((a, b) => a.count - b.count);
    this.#lines = trusted?.retirements ?? noLines;
  }

  /** The lines that were verified so far. */
  get lines(): RetirementLines {
    return this.#lines;
  }

  /** The number of lines that a checkpoint had that was signed up to a time. */
  countAt(time: number): number {
    // a signature states whole seconds
    const isBefore = (at: Date): boolean => at.getTime() + 1_000 <= time;
    return this.#signed.reduce((most, { count, at }) => (isBefore(at) ? Math.max(most, count) : most), 0);
  }

  /** @param count - the number of lines that there are */
  async verify(reader: LedgerReader, count: number): Promise<readonly LedgerProblem[]> {
    const problems: LedgerProblem[] = [];
    const report = (what: string, position: number | null = null) => {
      problems.push({ position, row_key: null, what });
    };
    const most = this.#signed.at(-1);
    if (most && most.count > count)
      report(`${most.source} has ${most.count} retirements, but ${count} are recorded`);
    this.#compare(report);
    let isRecorded = false;
    for (;;) {
      const some = await reader.retirementLines(this.#lines.count, atOnce);
      for (const line of some) {
        const { number, first, last, cutoff } = line;
        if (number !== this.#lines.count + 1) {
          report('the numbers of the retirements are not consecutive', first);
          return problems;
        }
        if (cutoff === null && isRecorded)
          report(`the retirement of the positions ${first} to ${last} has no cutoff, but earlier ones have`);
        isRecorded ||= cutoff !== null;
        this.#examine(line, report);
        this.#lines = withLine(this.#lines, lineText(line, await keysOf(reader, line)));
        this.#compare(report);
      }
      if (some.length < atOnce) break;
    }
    if (this.#lines.count !== count && !(most && most.count > count))
      report('the numbers of the retirements are not consecutive');
    return problems;
  }

  /** Compares the lines up to the last one with the checkpoints that signed as many. */
  #compare(report: (what: string) => void): void {
    for (const { count, digest, source } of this.#signed)
      if (count === this.#lines.count && !digest.equals(this.#lines.digest))
        report(`the first ${count} retirements differ from those that ${source} signs`);
  }

  /** Compares the time of a line with the checkpoints that have it, and with those that do not have it. */
  #examine(
    { number, first, last, cutoff, retiredAt }: Retirement,
    report: (what: string, position: number) => void,
  ): void {
    const which = `the retirement of the positions ${first} to ${last}`;
    const at = Date.parse(retiredAt);
    const lacking = this.#signed.find(
      (one) => one.count < number && (cutoff === null || at < one.at.getTime() - hour),
    );
    if (lacking && cutoff === null)
      report(`${which} has no cutoff, and ${lacking.source} does not have it`, first);
    else if (lacking)
      report(
        `${which} is dated ${retiredAt}, but ${lacking.source} of ${lacking.at.toISOString()} does not have it`,
        first,
      );
    const having = this.#signed.find((one) => one.count >= number && at > one.at.getTime() + hour);
    if (having)
      report(
        `${which} is dated ${retiredAt}, but ${having.source} of ${having.at.toISOString()} has it`,
        first,
      );
  }
}

/** Reads the keys of the leaves of a retirement, as text, in the order of their positions. */
export async function keysOf(reader: LedgerReader, { first, last }: Retirement): Promise<readonly string[]> {
  const keys: string[] = [];
  for (let next = first; next <= last; ) {
    const some = await reader.leaves(next, Math.min(atOnce, last - next + 1));
    const within = some.filter(({ position }) => position <= last);
    keys.push(...within.map(({ rowKey }) => rowKey));
    const end = within.at(-1)?.position;
    if (end === undefined) break;
    next = end + 1;
  }
  return keys;
}
