import type { LedgerReader, Retirement } from '../contract/ledger.js';
import type { Period } from '../contract/retention.js';
import { day, hour } from './clocks.js';
import { type DatedRoot, datedRoots, type KnownRoot } from './problems.js';

/** The present time by the clocks of the database and of this process. */
export interface Clocks {
  readonly database: Date;
  readonly own: Date;
}

/** What signed checkpoints show about the age of retired rows, and what they do not. */
export class Evidence {
  readonly #dated: readonly DatedRoot[];
  readonly #reasons = new Map<string, { count: number; first: number; last: number }>();
  readonly #period: Period | undefined;
  readonly #clocks: Clocks;
  /** Whether the time from which the period runs is the one at which the row was written. */
  readonly #fromInsert: boolean;
  /** How long after a cutoff a checkpoint counts as one from before it. */
  readonly #margin: number;

  constructor({ table }: LedgerReader, checkpoints: readonly KnownRoot[], clocks: Clocks) {
    this.#dated = datedRoots(checkpoints);
    const { retention } = table.facts;
    this.#period = retention?.period;
    this.#clocks = clocks;
    const clock = retention && table.columns[retention.column];
    this.#fromInsert = clock?.generated === 'now' && !clock.touched;
    const length = retention ? clocks.own.getTime() - before(retention.period, clocks.own).getTime() : 0;
    this.#margin = Math.min(day, length / 10);
  }

  /** @param report - is called with a problem */
  examine({ first, last, cutoff, retiredAt }: Retirement, report: (what: string) => void): void {
    const at = Date.parse(retiredAt);
    const which = `the positions ${first} to ${last}`;
    if (!(at <= this.#clocks.database.getTime() + hour)) {
      report(`the retirement of ${which} is dated ${retiredAt}, in the future`);
      return;
    }
    if (at > this.#clocks.own.getTime() + hour) {
      this.doubt('the clock of the database is ahead of that of this machine', first, last);
      return;
    }
    if (cutoff === null) {
      this.doubt('purged before purges were recorded', first, last);
      return;
    }
    const until = Date.parse(cutoff);
    const younger = this.#dated.find(
      (one) => this.#fromInsert && one.at.getTime() > until + day && one.size <= last,
    );
    if (younger) {
      report(
        `${which} were retired although they were younger than ${cutoff}: ${younger.source} of ${younger.at.toISOString()} has only ${younger.size} entries`,
      );
      return;
    }
    if (this.#period && !(until <= before(this.#period, new Date(at)).getTime() + 1_000)) {
      this.doubt('they were retired after a shorter period than the table declares', first, last);
      return;
    }
    if (!this.#fromInsert) {
      this.doubt('the time from which they are kept is not that of their insert', first, last);
      return;
    }
    const covered = this.#dated
      .filter((one) => one.at.getTime() <= until + this.#margin)
      .reduce((most, { size }) => Math.max(most, size), 0);
    if (covered <= last)
      this.doubt('no signed checkpoint from before their cutoff has them', Math.max(first, covered), last);
  }

  /** Notes why the retirement of positions cannot be verified. */
  doubt(why: string, first: number, last: number): void {
    const sum = this.#reasons.get(why);
    this.#reasons.set(why, {
      count: (sum?.count ?? 0) + last - first + 1,
      first: Math.min(sum?.first ?? first, first),
      last: Math.max(sum?.last ?? last, last),
    });
  }

  /** One line for each reason. */
  unverified(): readonly string[] {
    return [...this.#reasons].map(
      ([why, { count, first, last }]) =>
        `the retirement of ${count} ${count === 1 ? 'entry' : 'entries'}, between the positions ${first} and ${last}, cannot be verified: ${why}`,
    );
  }
}

/** Returns the time that is a period before another: calendar months of UTC first, at most the last day of the month. */
export function before({ years = 0, months = 0, days = 0 }: Period, time: Date): Date {
  const month = new Date(time);
  month.setUTCDate(1);
  month.setUTCMonth(month.getUTCMonth() - 12 * years - months);
  const lastDay = new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1, 0)).getUTCDate();
  month.setUTCDate(Math.min(time.getUTCDate(), lastDay));
  return new Date(month.getTime() - days * day);
}
