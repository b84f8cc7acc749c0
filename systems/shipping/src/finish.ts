import type { ShippingSession } from './database.js';
import { logStateChange } from './log.js';
import { type Job, jobs } from './tables.js';
import { accountRows } from './totals.js';

/**
 * Ends a locked, running job none of whose chunks is left: `completed`, or `failed` when rows of it failed. The totals
 * are set from the rows themselves, counted one by one.
 */
export const finishJob = async (s: ShippingSession, job: Job): Promise<Job> => {
  if (job.status !== 'running') return job;
  const { by_status, in_doubt, total_rows, ...totals } = await accountRows(s, job.id);
  const failed = by_status.failed;
  const status = failed === 0 ? 'completed' : 'failed';
  const doubt = in_doubt === 0 ? '' : `, ${in_doubt} of them in doubt`;
  const message = failed === 0 ? null : `${failed} of ${total_rows} rows failed${doubt}.`;
  await logStateChange(s, job.id, job.status, status, message ?? undefined);
  return s.update(jobs, job.id, {
    ...totals,
    status,
    completed_at: job.updated_at,
    error_code: failed === 0 ? null : 'rows_failed',
    error_message: message,
  });
};
