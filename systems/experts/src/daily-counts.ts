import { parseInput } from 'ashlar';
import { sql } from 'kysely';
import { z } from 'zod';
import type { ExpertsSession, ResponseType } from './tables.js';

const period = z.strictObject({ from: z.iso.date().optional(), to: z.iso.date().optional() });

/** Which days, as `2026-03-01`: `from` is inclusive, `to` exclusive. */
export type Period = z.input<typeof period>;

/** How many exchanges a day had, by the type of the response. */
export type DailyCount = { readonly day: string } & Readonly<Record<ResponseType, number>>;

// a session on a server is in UTC, and SQLite knows no other zone: so this is one expression for both
const day = sql<string>`date(created_at)`;

/** The query behind {@link dailyCounts}. */
export const dailyCountsQuery = (s: ExpertsSession, { from, to }: z.output<typeof period>) => {
  let counts = s.query.selectFrom('conversations');
  if (from !== undefined) counts = counts.where('created_at', '>=', startOf(from));
  if (to !== undefined) counts = counts.where('created_at', '<', startOf(to));
  return counts
    .select(({ fn }) => [
      day.as('day'),
      fn.countAll<number>().filterWhere('response_type', '=', 'match').as('match'),
      fn.countAll<number>().filterWhere('response_type', '=', 'clarification').as('clarification'),
    ])
    .groupBy(day)
    .orderBy(day);
};

const startOf = (date: string): string => `${date}T00:00:00.000Z`;

/**
 * The counts of each day in UTC that had an exchange, oldest first.
 *
 * @throws AshlarError `input-invalid`
 */
export const dailyCounts = (s: ExpertsSession, input: Period = {}): Promise<DailyCount[]> =>
  dailyCountsQuery(s, parseInput('The period', period, input)).execute();
