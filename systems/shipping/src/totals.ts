import { sql } from 'kysely';
import type { ShippingSession } from './database.js';
import { type Job, type JobRow, jobs } from './tables.js';

/** What a job's rows amount to. Cost in integer cents; `null` while no row has cost anything. */
export type Totals = Pick<Job, 'processed_rows' | 'successful_rows' | 'failed_rows' | 'total_cost_cents'>;

/** How many rows have each status. */
export type RowCounts = Record<JobRow['status'], number>;

/** What the rows themselves say, counted one by one: what the totals must equal at every moment. */
export interface RowAccount extends Totals {
  readonly total_rows: number;
  readonly by_status: RowCounts;
  /** Failed rows whose effect is not known. */
  readonly in_doubt: number;
}

/**
 * Sets a job's totals to the sums over its chunks. To be called in the transaction that changed rows, after the job's
 * row was locked: then no reader ever sees totals that differ from the rows.
 */
export const refreshTotals = async (
  s: ShippingSession,
  jobId: string,
  also: Partial<Job> = {},
): Promise<Job> => {
  const sums = await s.query
    .selectFrom('job_chunks')
    .select((eb) => [
      eb.fn.coalesce(eb.fn.sum<number>('completed_rows'), sql<number>`0`).as('completed'),
      eb.fn.coalesce(eb.fn.sum<number>('failed_rows'), sql<number>`0`).as('failed'),
      eb.fn.coalesce(eb.fn.sum<number>('skipped_rows'), sql<number>`0`).as('skipped'),
      eb.fn.coalesce(eb.fn.sum<number>('cost_cents'), sql<number>`0`).as('cost'),
    ])
    .where('job_id', '=', jobId)
    .executeTakeFirstOrThrow();
  const [completed, failed, skipped] = [Number(sums.completed), Number(sums.failed), Number(sums.skipped)];
  return s.update(jobs, jobId, {
    ...also,
    processed_rows: completed + failed + skipped,
    successful_rows: completed,
    failed_rows: failed,
    total_cost_cents: completed === 0 ? null : Number(sums.cost),
  });
};

/** Counts a job's rows one by one. */
export const accountRows = async (s: ShippingSession, jobId: string): Promise<RowAccount> => {
  const groups = await s.query
    .selectFrom('job_rows')
    .select((eb) => [
      'status',
      'error_code',
      eb.fn.countAll<number>().as('rows'),
      eb.fn.sum<number | null>('cost_cents').as('cost'),
    ])
    .where('job_id', '=', jobId)
    .groupBy(['status', 'error_code'])
    .execute();
  const by_status: RowCounts = { pending: 0, processing: 0, completed: 0, failed: 0, skipped: 0 };
  let cost: number | null = null;
  let inDoubt = 0;
  for (const group of groups) {
    const rows = Number(group.rows);
    by_status[group.status] += rows;
    if (group.cost !== null) cost = (cost ?? 0) + Number(group.cost);
    if (group.error_code === 'in_doubt') inDoubt += rows;
  }
  const { completed, failed, skipped, pending, processing } = by_status;
  return {
    by_status,
    in_doubt: inDoubt,
    total_rows: pending + processing + completed + failed + skipped,
    processed_rows: completed + failed + skipped,
    successful_rows: completed,
    failed_rows: failed,
    total_cost_cents: cost,
  };
};
