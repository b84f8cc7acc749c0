import { AshlarError } from 'ashlar';
import { sql } from 'kysely';
import type { ShippingSession } from './database.js';
import { assertStatus, findJob, lockJob } from './job.js';
import { logEvents, logStateChange } from './log.js';
import { isGone } from './owner.js';
import { type Job, jobs } from './tables.js';
import { refreshTotals } from './totals.js';

const lock = async (s: ShippingSession, jobId: string): Promise<Job> => lockJob(s, await findJob(s, jobId));

const move = async (
  s: ShippingSession,
  job: Job,
  status: Job['status'],
  also: Partial<Job> = {},
  reason?: string,
) => {
  await logStateChange(s, job.id, job.status, status, reason);
  return s.update(jobs, job.id, { ...also, status });
};

/**
 * Makes a job running: one that is pending or paused. One that runs already is left as it is, for another worker to join.
 *
 * @throws AshlarError `row-not-found`, `state-conflict`
 */
export const startJob = async (s: ShippingSession, jobId: string): Promise<Job> => {
  const job = await lock(s, jobId);
  if (job.status === 'running') return job;
  assertStatus(job, 'run', ['pending', 'paused', 'running']);
  return move(s, job, 'running', { started_at: job.started_at ?? job.updated_at });
};

/**
 * Pauses a running job. Its workers record what is in flight and stop; no other row is begun.
 *
 * @throws AshlarError `row-not-found`, `state-conflict`
 */
export const pauseJob = async (s: ShippingSession, jobId: string, reason?: string): Promise<Job> => {
  const job = await lock(s, jobId);
  assertStatus(job, 'paused', ['running']);
  return move(s, job, 'paused', {}, reason);
};

/** Makes a paused job runnable again; `runJob` then runs it. @throws AshlarError `row-not-found`, `state-conflict` */
export const resumeJob = async (s: ShippingSession, jobId: string): Promise<Job> => {
  const job = await lock(s, jobId);
  assertStatus(job, 'resumed', ['paused']);
  return move(s, job, 'running');
};

/**
 * Cancels a job for good: rows that were not begun are skipped, those in flight are still recorded by their workers.
 * Called again on a cancelled job, it settles what workers that died since have left in doubt.
 *
 * @throws AshlarError `row-not-found`, `state-conflict` when the job is completed
 */
export const cancelJob = async (s: ShippingSession, jobId: string): Promise<Job> => {
  const job = await lock(s, jobId);
  assertStatus(job, 'cancelled', ['pending', 'running', 'paused', 'failed', 'cancelled']);
  const now = job.updated_at;
  if (job.status !== 'cancelled') await move(s, job, 'cancelled', { completed_at: now });
  await s.query
    .updateTable('job_rows')
    .set({ status: 'skipped', processed_at: now })
    .where('job_id', '=', jobId)
    .where('status', '=', 'pending')
    .execute();
  await failAbandoned(s, jobId, now);
  await recountChunks(s, jobId);
  await s.query
    .updateTable('job_chunks')
    .set({ state: 'done', owner: null, lease_until: null })
    .where('job_id', '=', jobId)
    .where('state', '=', 'open')
    .execute();
  return refreshTotals(s, jobId);
};

// takes the leases of workers that are gone, so that none of their rows stays `processing` in a job nobody runs again
const failAbandoned = async (s: ShippingSession, jobId: string, now: string): Promise<void> => {
  const leased = await s.query
    .selectFrom('job_chunks')
    .selectAll()
    .where('job_id', '=', jobId)
    .where('state', '=', 'leased')
    .execute();
  for (const { chunk, lo, hi, owner, lease_until, epoch } of leased) {
    if (!((lease_until ?? '') < now || (owner !== null && isGone(owner)))) continue;
    await s.query
      .updateTable('job_chunks')
      .set({ state: 'open', epoch: epoch + 1, owner: null, lease_until: null })
      .where('job_id', '=', jobId)
      .where('chunk', '=', chunk)
      .execute();
    const { numUpdatedRows } = await s.query
      .updateTable('job_rows')
      .set({
        status: 'failed',
        error_code: 'in_doubt',
        error_message: 'The attempt was interrupted and may have had its effect. Look it up at the provider.',
        processed_at: now,
      })
      .where('job_id', '=', jobId)
      .where('row_number', '>=', lo)
      .where('row_number', '<=', hi)
      .where('status', '=', 'processing')
      .executeTakeFirstOrThrow();
    if (numUpdatedRows === 0n) continue;
    await logEvents(s, jobId, [
      {
        level: 'ERROR',
        event_type: 'row_event',
        message: `${numUpdatedRows} of the rows ${lo} to ${hi} are in doubt: their worker stopped in the middle.`,
        details: { chunk, owner, rows: Number(numUpdatedRows) },
      },
    ]);
  }
};

// for the rare changes that reach over many chunks; a worker counts its own chunk as it goes
const recountChunks = async (s: ShippingSession, jobId: string): Promise<void> => {
  const rows = (status: 'failed' | 'skipped') =>
    sql<number>`(select count(*) from job_rows r where r.job_id = job_chunks.job_id
      and r.row_number between job_chunks.lo and job_chunks.hi and r.status = ${sql.lit(status)})`;
  await s.query
    .updateTable('job_chunks')
    .set({ failed_rows: rows('failed'), skipped_rows: rows('skipped') })
    .where('job_id', '=', jobId)
    .execute();
};

/** Which failed rows to try again. */
export interface RetryInput {
  readonly jobId: string;
  /** Only these. A row in doubt is retried only when it is named here: whoever names it has looked it up. */
  readonly rows?: readonly number[] | undefined;
  /** Only rows that failed with this code. */
  readonly errorCode?: string | undefined;
}

/**
 * Makes failed rows pending again and their job running; `runJob` then runs it. Lines that could not be read stay failed.
 *
 * @returns the job, and how many rows will be tried again
 * @throws AshlarError `row-not-found`; `state-conflict` when the job's status does not allow it or no such row has failed
 */
export const retryFailed = async (
  s: ShippingSession,
  { jobId, rows, errorCode }: RetryInput,
): Promise<{ job: Job; retried: number }> => {
  const job = await lock(s, jobId);
  assertStatus(job, 'retried', ['failed', 'running', 'paused']);
  let update = s.query
    .updateTable('job_rows')
    .set({ status: 'pending', error_code: null, error_message: null, processed_at: null })
    .where('job_id', '=', jobId)
    .where('status', '=', 'failed')
    .where('error_code', 'not in', rows ? ['invalid_row'] : ['invalid_row', 'in_doubt']);
  if (errorCode !== undefined) update = update.where('error_code', '=', errorCode);
  let retried = 0;
  for (const numbers of rows ? slices(rows, 1_000) : [undefined]) {
    const some = numbers ? update.where('row_number', 'in', numbers) : update;
    retried += Number((await some.executeTakeFirstOrThrow()).numUpdatedRows);
  }
  if (retried === 0 || (rows && retried < new Set(rows).size)) throw notRetryable(job, rows, retried);
  await recountChunks(s, jobId);
  await s.query
    .updateTable('job_chunks')
    .set({ state: 'open' })
    .where('job_id', '=', jobId)
    .where('state', '=', 'done')
    .where(
      sql<boolean>`exists (select 1 from job_rows r where r.job_id = job_chunks.job_id
        and r.row_number between job_chunks.lo and job_chunks.hi and r.status = 'pending')`,
    )
    .execute();
  await logEvents(s, jobId, [
    {
      level: 'INFO',
      event_type: 'row_event',
      message: `${retried} failed rows will be tried again.`,
      details: { retried },
    },
  ]);
  if (job.status === 'failed') {
    await move(s, job, 'running', { error_code: null, error_message: null, completed_at: null }, 'retry');
  }
  return { job: await refreshTotals(s, jobId), retried };
};

function* slices<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}

const notRetryable = (job: Job, rows: readonly number[] | undefined, found: number): AshlarError =>
  new AshlarError('state-conflict', {
    message: rows
      ? `${found} of the ${new Set(rows).size} rows named in "${job.name}" can be tried again; nothing was changed.`
      : `No row of "${job.name}" can be tried again.`,
    detail: 'Rows can be retried that failed when they were shipped; lines that could not be read cannot.',
    suggestion: 'See the failures in `ashlar jobs show`. A row in doubt is retried by naming its number.',
  });

/**
 * Deletes a job that is not running, with its rows, its chunks and its log.
 *
 * @throws AshlarError `row-not-found`, `state-conflict`
 */
export const deleteJob = async (s: ShippingSession, jobId: string): Promise<void> => {
  const job = await lock(s, jobId);
  assertStatus(job, 'deleted', ['pending', 'paused', 'completed', 'failed', 'cancelled']);
  await s.delete(jobs, jobId);
};
