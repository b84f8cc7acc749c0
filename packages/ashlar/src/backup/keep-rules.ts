/** The rules that decide which backups prune keeps. A backup stays if any of the rules keeps it. */
export interface KeepRules {
  /** Keep the newest N backups. */
  readonly last: number;
  /** Keep the newest backup of each of the last N days that have one, in UTC. */
  readonly daily: number;
  /** Keep the newest backup of each of the last N weeks (Monday to Sunday) that have one. */
  readonly weekly: number;
  /** Keep the newest backup of each of the last N calendar months that have one. */
  readonly monthly: number;
}

/** The values of a backup that the keep rules use: its name, its time, and whether it is verified. */
export interface DatedBackup {
  readonly name: string;
  /** When the backup was created: ISO 8601, UTC. */
  readonly createdAt: string;
  readonly verifiedAt: string | undefined;
}

/** The reasons to keep each backup, by the name of the backup; empty if no rule keeps it. */
export type KeepReasons = ReadonlyMap<string, readonly string[]>;

/** The default keep rules: the last 3, and one for each of 7 days, 5 weeks and 12 months. */
export const defaultKeepRules: KeepRules = { last: 3, daily: 7, weekly: 5, monthly: 12 };

/**
 * Applies the keep rules (a grandfather-father-son scheme) to the backups of one database. The newest verified backup
 * always stays; if none is verified, the newest one.
 *
 * @param backups - the backups of one database, in any order
 */
export function keptBy(backups: readonly DatedBackup[], rules: KeepRules): KeepReasons {
  const newestFirst = [...backups].sort((a, b) => compare(b, a));
  const reasons = new Map<string, string[]>(newestFirst.map(({ name }) => [name, []]));
  const keep = ({ name }: DatedBackup, reason: string) => reasons.get(name)?.push(reason);
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
