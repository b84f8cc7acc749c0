import type { LedgerReader, Retirement } from '../contract/ledger.js';
import type { Period } from '../contract/retention.js';
import type { CheckpointTimes } from './checkpoint-times.js';
import { day, hour } from './clocks.js';

/** The present time by the clocks of the database and of this process. */
export interface Clocks {
  readonly database: Date;
  readonly own: Date;
}

/** What signed checkpoints show about the age of retired rows, and what they do not. */
export class Evidence {
  readonly #times: CheckpointTimes;
  readonly #reasons = new Map<string, { count: number; first: number; last: number }>();
  readonly #period: Period | undefined;
  readonly #clocks: Clocks;
  /** Whether the time from which the period runs is the one at which the row was written. */
  readonly #fromInsert: boolean;
  /** How long after a cutoff a checkpoint counts as one from before it. */
  readonly #margin: number;

  constructor({ table }: LedgerReader, times: CheckpointTimes, clocks: Clocks) {
    this.#times = times;
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
    const { own, database } = this.#clocks;
    const [early, late] = [own.getTime(), database.getTime()].sort((one, other) => one - other) as [
      number,
      number,
    ];
    if (!(at <= late + day)) {
      report(`the retirement of ${which} is dated ${retiredAt}, in the future`);
      return;
    }
    const until = Date.parse(cutoff ?? '');
    const newest = this.#fromInsert ? this.#times.upTo(last) : undefined;
    if (newest && newest.early > until + day) {
      report(
        `${which} were retired although they were younger than ${cutoff}: ${newest.source} of ${newest.at.toISOString()} has only ${newest.size} entries`,
      );
      return;
    }
    if (at > early + hour) {
      this.doubt(
        at > late + hour
          ? 'it is dated in the future'
          : `the clock of the database is ${own < database ? 'ahead of' : 'behind'} that of this machine`,
        first,
        last,
      );
      return;
    }
    if (cutoff === null) {
      this.doubt('purged before purges were recorded', first, last);
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
    const covered = this.#times.sizeAt(until + this.#margin);
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
