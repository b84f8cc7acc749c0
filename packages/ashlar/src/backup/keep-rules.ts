/** The rules that decide which backups `ashlar backup prune` keeps. A backup stays if any of the rules keeps it. */
export interface KeepRules {
  /** The number N of backups to keep: the newest N are kept. */
  readonly last: number;
  /** The number N of days (in UTC): of each of the last N days that have a backup, the newest backup is kept. */
  readonly daily: number;
  /**
   * The number N of weeks (Monday to Sunday): of each of the last N weeks that have a backup, the newest backup is
   * kept.
   */
  readonly weekly: number;
  /** The number N of calendar months: of each of the last N months that have a backup, the newest backup is kept. */
  readonly monthly: number;
}

/** The values of a backup that the keep rules use: its name, its creation time, and whether it is verified. */
export interface DatedBackup {
  readonly name: string;
  /** The time at which the backup was created (ISO 8601, UTC). */
  readonly createdAt: string;
  readonly verifiedAt: string | undefined;
  /** How many backups its database has counted, with this one; `undefined` or `null` where that is not known. */
  readonly number?: number | null | undefined;
}

/** The reasons to keep each backup, by the backup's name; a backup that no rule keeps has an empty list. */
export type KeepReasons = ReadonlyMap<string, readonly string[]>;

/**
 * The default keep rules: keep the newest 3 backups, and the newest backup of each of 7 days, 5 weeks and 12 months.
 */
export const defaultKeepRules: KeepRules = { last: 3, daily: 7, weekly: 5, monthly: 12 };

/** How far the clocks of two hosts may be apart before a time counts as one of the future, in milliseconds. */
const tolerance = 300_000;

/** Whether the time of a backup (ISO 8601, UTC) is in the future, so that a clock was wrong: more than five minutes after `now`. */
export function isInFuture(createdAt: string, now: Date): boolean {
  return Date.parse(createdAt) > now.getTime() + tolerance;
}

/**
 * Sorts the backups of one database, the oldest first: in the order in which the database has counted them, which no clock changes;
 * by their times where one of them was not counted.
 */
export function inOrder<T extends DatedBackup>(backups: readonly T[]): readonly T[] {
  const isCounted = backups.every(({ number }) => typeof number === 'number');
  return [...backups].sort((a, b) => (isCounted ? (a.number ?? 0) - (b.number ?? 0) : 0) || compare(a, b));
}

/**
 * Finds the backups of one database that the keep rules (a grandfather-father-son scheme) keep, with the reasons. The
 * newest verified backup always stays; if none is verified, the newest one. A backup whose time is in the future stays, and
 * counts for no rule: a clock was wrong. The newest is the one that the database has counted last, also where a clock that was
 * behind has dated it.
 *
 * @param backups - the backups of one database, in any order
 * @param now - the current time
 */
export function keptBy(
  backups: readonly DatedBackup[],
  rules: KeepRules,
  now: Date = new Date(),
): KeepReasons {
  const sorted = inOrder(backups).toReversed();
  const reasons = new Map<string, string[]>(sorted.map(({ name }) => [name, []]));
  const keep = ({ name }: DatedBackup, reason: string) => reasons.get(name)?.push(reason);
  const isFuture = ({ createdAt }: DatedBackup): boolean => isInFuture(createdAt, now);
  for (const one of sorted.filter(isFuture)) keep(one, 'its time is in the future');
  const newestFirst = sorted.filter((one) => !isFuture(one));
  for (const one of newestFirst.slice(0, rules.last)) keep(one, 'last');
  for (const [rule, periodOf] of Object.entries(periods)) {
    const seen = new Set<string>();
    for (const one of newestFirst) {
      if (seen.size >= rules[rule as keyof typeof periods]) break;
      const period = periodOf(new Date(one.createdAt));
      if (!seen.has(period)) keep(one, `${rule} ${period}`);
      seen.add(period);
    }
  }
  const verified = newestFirst.find(({ verifiedAt }) => verifiedAt !== undefined);
  const [newest] = newestFirst;
  if (verified) keep(verified, 'newest verified');
  else if (newest) keep(newest, 'newest, because none is verified');
  return reasons;
}

const compare = (a: DatedBackup, b: DatedBackup): number =>
  a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : a.name < b.name ? -1 : 1;

const dayOf = (at: Date): string => at.toISOString().slice(0, 10);

/** The Monday of a week. */
const weekOf = (at: Date): string => {
  const monday = new Date(at);
  monday.setUTCDate(at.getUTCDate() - ((at.getUTCDay() + 6) % 7));
  return dayOf(monday);
};

const periods = {
  daily: dayOf,
  weekly: weekOf,
  monthly: (at: Date): string => dayOf(at).slice(0, 7),
} as const;
