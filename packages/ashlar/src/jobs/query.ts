import { findJob } from './job.js';
import type { Job, JobModel, JobRow, JobSession } from './model.js';
import { accountRows, type RowAccount } from './totals.js';

/** A job, the counts and sums computed from its rows, and whether those stored in the job agree with them. */
export interface JobReport {
  readonly job: Job;
  readonly account: RowAccount;
  readonly balanced: boolean;
}

/**
 * Reads a job and computes its counts and sums from its rows, in one snapshot, without relying on the stored
 * counts.
 *
 * @throws AshlarError `row-not-found`
 */
export async function jobStatus(model: JobModel, s: JobSession, jobId: string): Promise<JobReport> {
  const job = await findJob(model, s, jobId);
  const account = await accountRows(model, s, jobId);
  const { by_status, in_doubt, ...counted } = account;
  const kept: Readonly<Record<string, unknown>> = job;
  return { job, account, balanced: Object.entries(counted).every(([name, value]) => kept[name] === value) };
}

/** The status of the jobs to list, and their maximum number. */
export interface JobFilter {
  readonly status?: Job['status'] | undefined;
  /** The maximum number of jobs. Default 100. */
  readonly limit?: number | undefined;
}

/** Lists jobs, newest first. */
export function listJobs(
  { tables }: JobModel,
  s: JobSession,
  { status, limit = 100 }: JobFilter = {},
): Promise<Job[]> {
  const query = s.query
    .selectFrom(tables.jobs.name)
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit);
  return (status ? query.where('status', '=', status) : query).execute();
}

/** A request for one page of a job's rows: the job, the status, the position and the number of rows. */
export interface RowPage {
  readonly jobId: string;
  readonly status?: JobRow['status'] | undefined;
  /** The number of the last row of the previous page; the page contains only rows with greater numbers. */
  readonly after?: number | undefined;
  /** The maximum number of rows. Default 100. */
  readonly limit?: number | undefined;
}

/** Reads a page of a job's rows, ordered by row number. */
export function pageRows(
  { tables }: JobModel,
  s: JobSession,
  { jobId, status, after = 0, limit = 100 }: RowPage,
): Promise<JobRow[]> {
  const query = s.query
    .selectFrom(tables.rows.name)
    .selectAll()
    .where('job_id', '=', jobId)
    .where('row_number', '>', after)
    .orderBy('row_number')
    .limit(limit);
  return (status ? query.where('status', '=', status) : query).execute();
}
