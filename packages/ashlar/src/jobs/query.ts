import { findJob } from './job.js';
import type { Job, JobModel, JobRow, JobSession } from './model.js';
import { accountRows, type RowAccount } from './totals.js';

/** A job, its row counts and sums, counted from its rows, and whether both agree. */
export interface JobReport {
  readonly job: Job;
  readonly account: RowAccount;
  readonly balanced: boolean;
}

/** Reads a job and counts its rows one by one, in one snapshot. @throws AshlarError `row-not-found` */
export async function jobStatus(model: JobModel, s: JobSession, jobId: string): Promise<JobReport> {
  const job = await findJob(model, s, jobId);
  const account = await accountRows(model, s, jobId);
  const { by_status, in_doubt, ...counted } = account;
  const kept: Readonly<Record<string, unknown>> = job;
  return { job, account, balanced: Object.entries(counted).every(([name, value]) => kept[name] === value) };
}

/** The status and the maximum number of jobs to list. */
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

/** The job, status, position and number of rows to read. */
export interface RowPage {
  readonly jobId: string;
  readonly status?: JobRow['status'] | undefined;
  /** The number of the last row of the previous page: reads only rows with a greater number. */
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
