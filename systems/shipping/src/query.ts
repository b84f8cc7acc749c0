import type { ShippingSession } from './database.js';
import { findJob } from './job.js';
import { pageLog } from './log.js';
import type { AuditLog, Job, JobRow } from './tables.js';
import { accountRows, type RowAccount } from './totals.js';

/** A job, and its rows counted one by one. */
export interface JobReport {
  readonly job: Job;
  readonly account: RowAccount;
  /** Whether the job's totals equal its rows; always, unless the database was changed behind Ashlar's back. */
  readonly balanced: boolean;
}

/** A job with the account of its rows, as of one moment. @throws AshlarError `row-not-found` */
export const jobStatus = async (s: ShippingSession, jobId: string): Promise<JobReport> => {
  const job = await findJob(s, jobId);
  const account = await accountRows(s, jobId);
  const kept = [
    'total_rows',
    'processed_rows',
    'successful_rows',
    'failed_rows',
    'total_cost_cents',
  ] as const;
  return { job, account, balanced: kept.every((total) => job[total] === account[total]) };
};

/** Jobs, newest first. */
export const listJobs = (
  s: ShippingSession,
  { status, limit = 100 }: { status?: Job['status'] | undefined; limit?: number | undefined } = {},
): Promise<Job[]> => {
  const query = s.query
    .selectFrom('jobs')
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit);
  return (status ? query.where('status', '=', status) : query).execute();
};

/** Which part of a job's rows to read. */
export interface RowPage {
  readonly jobId: string;
  readonly status?: JobRow['status'] | undefined;
  /** Rows with a greater number. */
  readonly after?: number | undefined;
  /** Default 100. */
  readonly limit?: number | undefined;
}

/** A page of a job's rows, by number. */
export const pageRows = (
  s: ShippingSession,
  { jobId, status, after = 0, limit = 100 }: RowPage,
): Promise<JobRow[]> => {
  const query = s.query
    .selectFrom('job_rows')
    .selectAll()
    .where('job_id', '=', jobId)
    .where('row_number', '>', after)
    .orderBy('row_number')
    .limit(limit);
  return (status ? query.where('status', '=', status) : query).execute();
};

/** The newest entries of a job's log. */
export const recentLog = (s: ShippingSession, jobId: string, limit = 20): Promise<AuditLog[]> =>
  pageLog(s, { jobId, newestFirst: true, limit });
