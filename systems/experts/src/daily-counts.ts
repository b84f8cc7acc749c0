import { parseInput } from 'ashlar';
import { sql } from 'ashlar/query';
import { z } from 'zod';
import type { ExpertsSession, ResponseType } from './tables.js';

const period = z.strictObject({ from: z.iso.date().optional(), to: z.iso.date().optional() });

/** A range of days in UTC, given as two dates such as `2026-03-01`: `from` is inclusive, `to` is exclusive. */
export type Period = z.input<typeof period>;

/** The number of exchanges on one day in UTC, by type of response. */
export type DailyCount = { readonly day: string } & Readonly<Record<ResponseType, number>>;

// one expression for all engines: sessions on a server run in UTC, and SQLite has no other time zone
const day = sql<string>`date(created_at)`;

/** Builds the query that {@link dailyCounts} runs. */
export function dailyCountsQuery(s: ExpertsSession, { from, to }: z.output<typeof period>) {
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
}

const startOf = (date: string): string => `${date}T00:00:00.000Z`;

/**
 * Counts the exchanges of each day in UTC, oldest day first. Days without an exchange are omitted.
 *
 * @throws AshlarError `input-invalid`
 */
export function dailyCounts(s: ExpertsSession, input: Period = {}): Promise<DailyCount[]> {
  return dailyCountsQuery(s, parseInput('Invalid period', period, input)).execute();
}
