/** How many backups are kept. The rules add up: what any of them keeps stays. */
export interface KeepRules {
  /** The newest ones. */
  readonly last: number;
  /** The newest of each of so many days that have one; days, weeks and months are those of UTC. */
  readonly daily: number;
  /** Of each week, Monday to Sunday. */
  readonly weekly: number;
  readonly monthly: number;
}

/** What a rule decides by. */
export interface Aged {
  readonly name: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly verifiedAt: string | undefined;
}

/** Why each backup is kept; empty where none of the rules keeps it. */
export type Verdicts = ReadonlyMap<string, readonly string[]>;

export const defaultKeepRules: KeepRules = { last: 3, daily: 7, weekly: 5, monthly: 12 };

/**
 * Decides what stays: grandfather, father, son. The newest one that was verified always does; where none was, the newest.
 *
 * @param backups - of one database, in any order
 */
export function keptBy(backups: readonly Aged[], rules: KeepRules): Verdicts {
  const newestFirst = [...backups].sort((a, b) => compare(b, a));
  const verdicts = new Map<string, string[]>(newestFirst.map(({ name }) => [name, []]));
  const keep = ({ name }: Aged, reason: string) => verdicts.get(name)?.push(reason);
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
  else if (newest) keep(newest, 'newest, none is verified');
  return verdicts;
}

const compare = (a: Aged, b: Aged): number =>
  a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : a.name < b.name ? -1 : 1;

const dayOf = (at: Date): string => at.toISOString().slice(0, 10);

/** The Monday a week begins with. */
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
