import type { LedgerReader, Retirement } from '../contract/ledger.js';
import type { CheckpointTimes } from './checkpoint-times.js';
import { day, hour } from './clocks.js';
import type { KnownRoot, LedgerProblem } from './problems.js';
import type { Evidence } from './retirement-evidence.js';
import { type LineWithText, noLines, type RetirementLines, readLines, withLine } from './retirement-lines.js';

/** Compares the retirements of a ledger with those that its checkpoints signed. */
export class SignedLines {
  readonly #times: CheckpointTimes;
  readonly #evidence: Evidence;
  #lines: RetirementLines;

  /** @param trusted - the checkpoint whose lines are not computed again */
  constructor(times: CheckpointTimes, evidence: Evidence, trusted: KnownRoot | undefined) {
    this.#times = times;
    this.#evidence = evidence;
    this.#lines = trusted?.retirements ?? noLines;
  }

  /** The lines that were verified so far. */
  get lines(): RetirementLines {
    return this.#lines;
  }

  /**
   * @param count - the number of lines that there are
   * @param each - is called with each line that is not one of the trusted ones
   */
  async verify(
    reader: LedgerReader,
    count: number,
    each: (line: Retirement) => void,
  ): Promise<readonly LedgerProblem[]> {
    const problems: LedgerProblem[] = [];
    const report = (what: string, position: number | null = null) => {
      problems.push({ position, row_key: null, what });
    };
    const most = this.#times.largest;
    const isShort = most !== undefined && most.retirements.count > count;
    if (isShort)
      report(`${most.source} has ${most.retirements.count} retirements, but ${count} are recorded`);
    this.#compare(report);
    let isRecorded = false;
    for await (const line of readLines(reader, this.#lines.count)) {
      const { number, first, last, cutoff, text } = line;
      each(line);
      if (number !== this.#lines.count + 1) {
        report('the numbers of the retirements are not consecutive', first);
        return problems;
      }
      if (cutoff === null && isRecorded)
        report(`the retirement of the positions ${first} to ${last} has no cutoff, but earlier ones have`);
      isRecorded ||= cutoff !== null;
      this.#examine(line, report);
      this.#lines = withLine(this.#lines, text);
      this.#compare(report);
    }
    if (this.#lines.count !== count && !isShort) report('the numbers of the retirements are not consecutive');
    return problems;
  }

  /** Compares the lines up to the last one with the checkpoints that signed as many. */
  #compare(report: (what: string) => void): void {
    const { count, digest } = this.#lines;
    for (const { retirements, source } of this.#times.of(count))
      if (!retirements.digest.equals(digest))
        report(`the first ${count} retirements differ from those that ${source} signs`);
  }

  /** Compares the time of a line with the checkpoints that have it, and with those that do not have it. */
  #examine(line: LineWithText, report: (what: string, position: number) => void): void {
    const { number, first, last, cutoff, retiredAt } = line;
    const which = `the retirement of the positions ${first} to ${last}`;
    const at = Date.parse(retiredAt);
    const any = this.#times.without(number);
    if (any && cutoff === null) {
      report(`${which} has no cutoff, and ${any.source} does not have it`, first);
      return;
    }
    const lacking = this.#times.before(number);
    const having = this.#times.with(number);
    // how far the clocks of the database and of the signer must differ if both times are true
    const behind = lacking ? lacking.early - at : 0;
    const ahead = having ? at - having.late : 0;
    if (lacking && behind > day)
      report(
        `${which} is dated ${retiredAt}, but ${lacking.source} of ${lacking.at.toISOString()} does not have it`,
        first,
      );
    if (having && ahead > day)
      report(
        `${which} is dated ${retiredAt}, but ${having.source} of ${having.at.toISOString()} has it`,
        first,
      );
    if ([behind, ahead].some((difference) => difference > hour && difference <= day))
      this.#evidence.doubt('its time contradicts that of a checkpoint by more than an hour', first, last);
  }
}
