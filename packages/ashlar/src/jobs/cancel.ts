import { moveJob } from './control.js';
import { assertStatus, findAndLockJob } from './job.js';
import { logEvents } from './log.js';
import type { Job, JobModel, JobSession } from './model.js';
import { isGone } from './owner.js';
import { recountChunks } from './recount.js';
import { refreshTotals } from './totals.js';

/**
 * Cancels a job. A job that is cancelled already can be cancelled again: its rows whose worker stopped during an
 * attempt since then become failed, as `in_doubt`.
 */
export async function cancelJob(model: JobModel, s: JobSession, jobId: string): Promise<Job> {
  const job = await findAndLockJob(model, s, jobId);
  assertStatus(job, 'cancelled', ['pending', 'running', 'paused', 'failed', 'cancelled']);
  const now = job.updated_at;
  if (job.status !== 'cancelled')
    await moveJob(model, s, job, { to: 'cancelled', also: { completed_at: now } });
  await s.query
    .updateTable(model.tables.rows.name)
    .set({ status: 'skipped', processed_at: now })
    .where('job_id', '=', jobId)
    .where('status', '=', 'pending')
    .execute();
  await failAbandoned(model, s, jobId, now);
  await recountChunks(model, s, jobId);
  await s.query
    .updateTable(model.tables.chunks.name)
    .set({ state: 'done', owner: null, lease_until: null })
    .where('job_id', '=', jobId)
    .where('state', '=', 'open')
    .execute();
  return refreshTotals(model, s, jobId);
}

// takes the leases of workers that are gone: no other run would finish their rows, which would stay `processing`
const failAbandoned = async (model: JobModel, s: JobSession, jobId: string, now: string): Promise<void> => {
  const { chunks, rows } = model.tables;
  const leased = await s.query
    .selectFrom(chunks.name)
    .selectAll()
    .where('job_id', '=', jobId)
    .where('state', '=', 'leased')
    .execute();
  for (const { chunk, lo, hi, owner, lease_until, epoch } of leased) {
    if (!((lease_until ?? '') < now || (owner !== null && isGone(owner)))) continue;
    await s.query
      .updateTable(chunks.name)
      .set({ state: 'open', epoch: epoch + 1, owner: null, lease_until: null })
      .where('job_id', '=', jobId)
      .where('chunk', '=', chunk)
      .execute();
    const { numUpdatedRows } = await s.query
      .updateTable(rows.name)
      .set({
        status: 'failed',
        error_code: 'in_doubt',
        error_message: 'The attempt was interrupted and may have taken effect. Check it at the provider.',
        processed_at: now,
      })
      .where('job_id', '=', jobId)
      .where('row_number', '>=', lo)
      .where('row_number', '<=', hi)
      .where('status', '=', 'processing')
      .executeTakeFirstOrThrow();
    if (numUpdatedRows === 0n) continue;
    await logEvents(model, s, jobId, [
      {
        level: 'ERROR',
        event_type: 'row_event',
        message: `${numUpdatedRows} of the rows ${lo} to ${hi} are in doubt: their worker stopped during an attempt.`,
        details: { chunk, owner, rows: Number(numUpdatedRows) },
      },
    ]);
  }
};
