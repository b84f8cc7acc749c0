import { sql } from 'kysely';
import type { Tally } from './lease.js';
import type { Job, JobModel, JobRow, JobSession } from './model.js';

/** The number of rows with each status. */
export type RowCounts = Record<JobRow['status'], number>;

/** The sums of a job, by column name (`total_NAME`); `null` while no row is completed. */
export type Totals = Readonly<Record<`total_${string}`, number | null>>;

/**
 * The row counts and sums of a job, computed from its rows. The counts and sums in the job's row always equal
 * them.
 */
export interface RowAccount {
  readonly by_status: RowCounts;
  /** The number of failed rows whose last attempt may have taken effect. */
  readonly in_doubt: number;
  readonly total_rows: number;
  readonly processed_rows: number;
  readonly successful_rows: number;
  readonly failed_rows: number;
}

/** Reads the sums that are stored in a job's row. */
export function totalsOf({ sums }: JobModel, job: Job): Totals {
  const values: Readonly<Record<string, unknown>> = job;
  return Object.fromEntries(
    sums.map(({ total }) => [total, typeof values[total] === 'number' ? values[total] : null]),
  );
}

/**
 * Adds a tally to the counts and sums in a job's row. Call it in the transaction that changes rows: then no reader ever sees
 * totals that differ from the rows. It costs the same however many rows the job has.
 *
 * @param job - as {@link lockJob} read it in this transaction
 */
export async function addToTotals(
  model: JobModel,
  s: JobSession,
  job: Job,
  { completed, failed, sums }: Tally,
): Promise<Job> {
  if (completed + failed === 0) return job;
  const totals = totalsOf(model, job);
  const successful = job.successful_rows + completed;
  return s.update(model.tables.jobs, job.id, {
    processed_rows: job.processed_rows + completed + failed,
    successful_rows: successful,
    failed_rows: job.failed_rows + failed,
    ...Object.fromEntries(
      model.sums.map(({ name, total }) => [
        total,
        successful === 0 ? null : (totals[total as keyof Totals] ?? 0) + (sums[name] ?? 0),
      ]),
    ),
  });
}

/**
 * Sets the counts and sums in a job's row to the totals over its chunks, after rows in many chunks were changed. Call it in
 * the transaction that changes rows, after {@link lockJob}.
 */
export async function refreshTotals({ tables, sums }: JobModel, s: JobSession, jobId: string): Promise<Job> {
  const sum = (column: string, as: string) => sql<number>`coalesce(sum(${sql.ref(column)}), 0)`.as(as);
  const found: Readonly<Record<string, unknown>> = await s.query
    .selectFrom(tables.chunks.name)
    .select([
      sum('completed_rows', 'completed'),
      sum('failed_rows', 'failed'),
      sum('skipped_rows', 'skipped'),
      ...sums.map(({ name, total }) => sum(name, total)),
    ])
    .where('job_id', '=', jobId)
    .executeTakeFirstOrThrow();
  const [completed, failed, skipped] = [found.completed, found.failed, found.skipped].map(Number) as [
    number,
    number,
    number,
  ];
  return s.update(tables.jobs, jobId, {
    processed_rows: completed + failed + skipped,
    successful_rows: completed,
    failed_rows: failed,
    ...Object.fromEntries(sums.map(({ total }) => [total, completed === 0 ? null : Number(found[total])])),
  });
}

/** Computes the counts and sums of a job from its rows, without relying on the stored counts. */
export async function accountRows(
  { tables, sums }: JobModel,
  s: JobSession,
  jobId: string,
): Promise<RowAccount & Totals> {
  const groups: readonly (Pick<JobRow, 'status' | 'error_code'> & {
    readonly [name: string]: unknown;
  })[] = await s.query
    .selectFrom(tables.rows.name)
    .select((eb) => [
      'status',
      'error_code',
      eb.fn.countAll<number>().as('count'),
      ...sums.map(({ name, total }) => sql<number | null>`sum(${sql.ref(name)})`.as(total)),
    ])
    .where('job_id', '=', jobId)
    .groupBy(['status', 'error_code'])
    .execute();
  const by_status: RowCounts = { pending: 0, processing: 0, completed: 0, failed: 0, skipped: 0 };
  const totals: Record<string, number | null> = Object.fromEntries(sums.map(({ total }) => [total, null]));
  let inDoubt = 0;
  for (const group of groups) {
    const rows = Number(group.count);
    by_status[group.status] += rows;
    if (group.error_code === 'in_doubt') inDoubt += rows;
    for (const { total } of sums) {
      const value = group[total];
      if (value !== null) totals[total] = (totals[total] ?? 0) + Number(value);
    }
  }
  const { completed, failed, skipped, pending, processing } = by_status;
  return {
    ...totals,
    by_status,
    in_doubt: inDoubt,
    total_rows: pending + processing + completed + failed + skipped,
    processed_rows: completed + failed + skipped,
    successful_rows: completed,
    failed_rows: failed,
  };
}
