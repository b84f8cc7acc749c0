import { logStateChange } from './log.js';
import type { Job, JobModel, JobSession } from './model.js';
import { accountRows } from './totals.js';

/**
 * Ends a running job that has no unfinished chunks, as `failed` if some of its rows failed, else as `completed`. Its
 * totals are set from the rows themselves, counted one by one.
 */
export async function finishJob(model: JobModel, s: JobSession, job: Job): Promise<Job> {
  if (job.status !== 'running') return job;
  const { by_status, in_doubt, total_rows, ...totals } = await accountRows(model, s, job.id);
  const failed = by_status.failed;
  const status = failed === 0 ? 'completed' : 'failed';
  const doubt = in_doubt === 0 ? '' : `, ${in_doubt} of them in doubt`;
  const message = failed === 0 ? null : `${failed} of ${total_rows} rows failed${doubt}.`;
  await logStateChange(model, s, job, { to: status, reason: message ?? undefined });
  return s.update(model.tables.jobs, job.id, {
    ...totals,
    status,
    completed_at: job.updated_at,
    error_code: failed === 0 ? null : 'rows_failed',
    error_message: message,
  });
}
