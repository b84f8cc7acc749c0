import type { Hold, LedgerReader, Retirement } from '../contract/ledger.js';
import type { Period } from '../contract/retention.js';
import { rowKeyOf } from './compare.js';
import type { KnownRoot, LedgerProblem } from './problems.js';

const atOnce = 1_000;
const day = 86_400_000;
/** Clocks may differ by this much. */
const hour = 3_600_000;

/** What the retirements of a ledger say. */
export interface RetirementReport {
  /** The number of positions whose rows and entries were purged. */
  readonly retired: number;
  /** The position after the last one that was retired; 0 where none was. */
  readonly firstProvable: number;
  readonly problems: readonly LedgerProblem[];
  /** One line for each reason for which retirements cannot be verified. */
  readonly unverified: readonly string[];
}

/**
 * Verifies the retirements of a ledger: that no held row was retired, that `first_provable` of the head follows from them, and
 * that a signed checkpoint from before the cutoff has each retired position, which shows that the row was old enough.
 *
 * @param size - the number of leaves
 * @param checkpoints - signed checkpoints that are kept outside the database
 * @param now - the present time of this process
 */
export async function verifyRetirements(
  reader: LedgerReader,
  size: number,
  checkpoints: readonly KnownRoot[],
  now: Date,
): Promise<RetirementReport> {
  const head = await reader.head();
  const evidence = new Evidence(reader, checkpoints, now);
  const problems: LedgerProblem[] = [];
  const report = (position: number | null, what: string) => {
    problems.push({ position, row_key: null, what });
  };
  const holds = await reader.holds();
  const ofTable = holds.filter((hold) => hold.scope === null && keyOf(reader, hold) === undefined);
  let [retired, firstProvable] = [0, 0];
  let more: readonly Retirement[] | undefined = await reader.retirements(0, atOnce);
  if (!more && (head?.firstProvable ?? 0) > 0)
    report(null, 'the side table of retirements is missing, so that nothing shows which entries were purged');
  while (more && more.length > 0) {
    for (const each of more) {
      const { first, last } = each;
      if (first < firstProvable || last < first || last >= size)
        report(first, `the retirement of the positions ${first} to ${last} does not fit the ledger`);
      retired += last - first + 1;
      firstProvable = Math.max(firstProvable, last + 1);
      evidence.examine(each, (what) => report(first, what));
      if (ofTable.some((hold) => wasOpen(hold, each.retiredAt)))
        report(first, `the positions ${first} to ${last} were retired under a legal hold of the whole table`);
    }
    more = await reader.retirements(firstProvable, atOnce);
  }
  for (const hold of holds) problems.push(...(await retiredUnder(reader, hold)));
  const claimed = head?.firstProvable ?? 0;
  if (claimed !== firstProvable)
    report(
      null,
      `first_provable of the head is ${claimed}, and must be ${firstProvable}, because ${
        retired === 0 ? 'no retirement is recorded' : `the last retired position is ${firstProvable - 1}`
      }`,
    );
  return { retired, firstProvable, problems, unverified: evidence.unverified() };
}

/** Returns a function that says whether a position is retired, for the positions from `from` up to but not including `to`. */
export async function retiredWithin(
  reader: LedgerReader,
  from: number,
  to: number,
): Promise<(position: number) => boolean> {
  const runs: Retirement[] = [];
  for (let next = from; next < to; ) {
    const more: readonly Retirement[] = (await reader.retirements(next, atOnce)) ?? [];
    runs.push(...more.filter(({ first }) => first < to));
    const last = more.at(-1)?.last;
    if (last === undefined || more.length < atOnce) break;
    next = last + 1;
  }
  if (runs.length === 0) return () => false;
  const positions = new Set<number>();
  for (const { first, last } of runs)
    for (let at = Math.max(first, from); at <= Math.min(last, to - 1); at++) positions.add(at);
  return (position) => positions.has(position);
}

/** What signed checkpoints show about the age of retired rows. */
class Evidence {
  readonly #dated: readonly (KnownRoot & { readonly at: Date })[];
  readonly #reasons = new Map<string, { count: number; first: number; last: number }>();
  readonly #period: Period | undefined;
  readonly #now: Date;
  /** Whether the time from which the period runs is the one at which the row was written. */
  readonly #fromInsert: boolean;

  constructor({ table }: LedgerReader, checkpoints: readonly KnownRoot[], now: Date) {
    this.#dated = checkpoints.flatMap((one) => (one.at ? [{ ...one, at: one.at }] : []));
    const { retention } = table.facts;
    this.#period = retention?.period;
    this.#now = now;
    const clock = retention && table.columns[retention.column];
    this.#fromInsert = clock?.generated === 'now' && !clock.touched;
  }

  examine({ first, last, cutoff, retiredAt }: Retirement, report: (what: string) => void): void {
    const [until, at] = [Date.parse(cutoff), Date.parse(retiredAt)];
    const which = `the positions ${first} to ${last}`;
    if (!(at <= this.#now.getTime() + hour)) {
      report(`the retirement of ${which} is dated ${retiredAt}, in the future`);
      return;
    }
    const younger = this.#dated.find(
      (one) => this.#fromInsert && one.at.getTime() > until + day && one.size <= last,
    );
    if (younger) {
      report(
        `${which} were retired although they were younger than ${cutoff}: ${younger.source} of ${younger.at.toISOString()} has only ${younger.size} entries`,
      );
      return;
    }
    if (this.#period && !(until <= before(this.#period, new Date(at)).getTime() + 1_000))
      this.#doubt('they were retired after a shorter period than the table declares', first, last);
    else if (!this.#dated.some((one) => one.at.getTime() <= until && one.size > last))
      this.#doubt('no signed checkpoint from before their cutoff has them', first, last);
  }

  #doubt(why: string, first: number, last: number): void {
    const sum = this.#reasons.get(why) ?? { count: 0, first, last };
    this.#reasons.set(why, { count: sum.count + last - first + 1, first: sum.first, last });
  }

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

const wasOpen = ({ placedAt, releasedAt }: Hold, at: string): boolean =>
  Date.parse(placedAt) < Date.parse(at) && (releasedAt === null || Date.parse(releasedAt) > Date.parse(at));

/** The key of the one row that a hold covers, as text; `undefined` for a hold of every row. */
const keyOf = ({ table }: LedgerReader, { rowKey }: Hold): string | undefined => {
  const names = table.primaryKey.columns;
  if (rowKey === null || !names.every((name) => Object.hasOwn(rowKey, name))) return undefined;
  return rowKeyOf(names.map((name) => rowKey[name]));
};

const retiredUnder = async (reader: LedgerReader, hold: Hold): Promise<readonly LedgerProblem[]> => {
  const key = keyOf(reader, hold);
  const leaf = key === undefined ? undefined : await reader.leafOf(key);
  if (!leaf || leaf.entry) return [];
  const [found] = (await reader.retirements(leaf.position, 1)) ?? [];
  if (!found || found.first > leaf.position || !wasOpen(hold, found.retiredAt)) return [];
  return [
    { position: leaf.position, row_key: leaf.rowKey, what: 'the row was retired under an open legal hold' },
  ];
};
