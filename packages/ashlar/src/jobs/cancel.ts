import { moveJob } from './control.js';
import { assertStatus, findAndLockJob } from './job.js';
import { leftCall } from './left-call.js';
import { logEvents } from './log.js';
import type { Job, JobModel, JobSession } from './model.js';
import { isGone } from './owner.js';
import { hasRows, recountChunks } from './recount.js';
import { refreshTotals } from './totals.js';

/**
 * Cancels a job. A job that is cancelled already can be cancelled again: its rows whose worker stopped during an
 * attempt since then become failed, as `in_doubt`.
 */
export async function cancelJob(model: JobModel, s: JobSession, jobId: string): Promise<Job> {
  const job = await findAndLockJob(model, s, jobId);
  assertStatus(job, 'cancelled', ['pending', 'running', 'paused', 'failed', 'cancelled']);
  if (job.status !== 'cancelled')
    await moveJob(model, s, job, { to: 'cancelled', also: { completed_at: job.updated_at } });
  return settleCancelled(model, s, job);
}

/**
 * Leaves no row of a cancelled job behind: skips its pending rows, and fails those whose call was left or whose worker stopped,
 * as in doubt. Rows in the lease of a worker that works are its own; it calls this after them.
 */
export async function settleCancelled(model: JobModel, s: JobSession, job: Job): Promise<Job> {
  const [jobId, now] = [job.id, job.updated_at];
  const pending = s.query
    .updateTable(model.tables.rows.name)
    .where('job_id', '=', jobId)
    .where('status', '=', 'pending');
  await pending.set(inDoubtAt(now)).where('error_code', '=', leftCall).execute();
  await pending.set({ status: 'skipped', processed_at: now }).execute();
  await failAbandoned(model, s, job);
  await recountChunks(model, s, jobId);
  await s.query
    .updateTable(model.tables.chunks.name)
    .set({ state: 'done', owner: null, lease_until: null })
    .where('job_id', '=', jobId)
    .where('state', '=', 'open')
    .execute();
  return refreshTotals(model, s, jobId);
}

const inDoubtAt = (now: string) => ({
  status: 'failed' as const,
  error_code: 'in_doubt',
  error_message: 'The attempt was interrupted and may have taken effect. Check it at the provider.',
  processed_at: now,
});

// no other run would finish the rows of workers that are gone, or that gave up their calls; they would stay `processing`
const failAbandoned = async (model: JobModel, s: JobSession, job: Job): Promise<void> => {
  const { chunks, rows } = model.tables;
  const { id: jobId, updated_at: now } = job;
  const held = await s.query
    .selectFrom(chunks.name)
    .selectAll()
    .where('job_id', '=', jobId)
    .where((eb) => eb.or([eb('state', '=', 'leased'), hasRows(model, 'processing')]))
    .execute();
  for (const { chunk, lo, hi, state, owner, lease_until, epoch } of held) {
    if (state === 'leased' && (lease_until ?? '') >= now && !(owner !== null && isGone(owner))) continue;
    await s.query
      .updateTable(chunks.name)
      .set({ state: 'open', epoch: epoch + 1, owner: null, lease_until: null })
      .where('job_id', '=', jobId)
      .where('chunk', '=', chunk)
      .execute();
    const { numUpdatedRows } = await s.query
      .updateTable(rows.name)
      .set(inDoubtAt(now))
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
        message: `${numUpdatedRows} of the rows ${lo} to ${hi} are in doubt: their attempt was interrupted.`,
        details: { chunk, owner, rows: Number(numUpdatedRows) },
      },
    ]);
  }
};
