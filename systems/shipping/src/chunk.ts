import type { JobProgress } from 'ashlar';
import { attemptRows, inDoubt, isHopeless } from './attempt.js';
import type { ShippingSession } from './database.js';
import { finishJob } from './finish.js';
import { keepAlive } from './heartbeat.js';
import { lockJob } from './job.js';
import { holdLease, isLeaseLost, type Lease, openRows, releaseLease, unfinishedChunks } from './lease.js';
import { logEvents } from './log.js';
import { type Outcome, outcomeEvents, recordIntents, recordOutcomes, tallyOf } from './record.js';
import type { Job, JobRow } from './tables.js';
import { refreshTotals } from './totals.js';
import type { WorkerRun } from './worker-run.js';

/** What a transaction between two windows of rows found. */
interface Step {
  readonly job: Job;
  /** The lease was given back. */
  readonly over: boolean;
  /** Rows of this chunk that have become pending since it was claimed. */
  readonly more: readonly JobRow[];
}

// how long the calls between two transactions should take: what a crash may leave in doubt, and how fresh progress is
const windowTarget = 500;

/**
 * Works on a leased chunk until it is done, the job is no longer running, or the lease is lost: window by window, each
 * row's intent written before its call, results written together with the next window's intents.
 */
export const workChunk = async (run: WorkerRun, lease: Lease, rows: readonly JobRow[]): Promise<void> => {
  const alive = keepAlive(run, lease);
  const queue = rows.filter((row) => !isHopeless(row, run.executor));
  let outcomes: Outcome[] = rows.filter((row) => isHopeless(row, run.executor)).map(inDoubt);
  let size = Math.min(run.concurrency, run.flushEvery);
  try {
    for (;;) {
      const window = queue.splice(0, size);
      const step = await run.db.session(run.context, (s) => flush(run, s, lease, outcomes, window));
      outcomes = [];
      run.onProgress(progressOf(step.job));
      if (step.over) return;
      queue.push(...step.more);
      const begun = performance.now();
      outcomes = await attemptRows(window, run.concurrency, run.executor, alive.signal);
      if (window.length > 0) size = nextSize(run, size, performance.now() - begun);
    }
  } catch (error) {
    if (isLeaseLost(error)) return await logLate(run, lease, outcomes);
    // the rows of this window stay `processing`; giving the chunk back lets the next claim see to them at once
    await run.db.session(run.context, (s) => releaseLease(s, lease, 'open')).catch(() => undefined);
    throw error;
  } finally {
    await alive.stop();
  }
};

const nextSize = ({ concurrency, flushEvery }: WorkerRun, size: number, milliseconds: number): number =>
  Math.min(flushEvery, Math.max(concurrency, Math.floor(size * Math.min(4, windowTarget / milliseconds))));

const flush = async (
  run: WorkerRun,
  s: ShippingSession,
  lease: Lease,
  outcomes: readonly Outcome[],
  window: readonly JobRow[],
): Promise<Step> => {
  const job = await lockJob(s, run.job);
  const now = job.updated_at;
  await holdLease(s, lease, run.worker, now, tallyOf(outcomes));
  await recordOutcomes(s, lease, outcomes, now);
  await logEvents(s, job.id, outcomeEvents(run.executor.name, outcomes));
  const going = job.status === 'running' && !run.stopped();
  if (going && window.length > 0) {
    await recordIntents(s, lease, window);
    return { job: await refreshTotals(s, job.id), over: false, more: [] };
  }
  const more = await openRows(s, lease);
  if (going && more.length > 0) return { job: await refreshTotals(s, job.id), over: false, more };
  await releaseLease(s, lease, more.length > 0 ? 'open' : 'done');
  const counted = await refreshTotals(s, job.id);
  const last = (await unfinishedChunks(s, job.id).limit(1).execute()).length === 0;
  return { job: last ? await finishJob(s, counted) : counted, over: true, more: [] };
};

/** How far a job is. */
export const progressOf = (job: Job): JobProgress => ({
  done: job.processed_rows,
  total: job.total_rows,
  failed: job.failed_rows,
  total_cost_cents: job.total_cost_cents,
});

// another worker owns these rows now; what this one was told may still help a person
const logLate = (run: WorkerRun, lease: Lease, outcomes: readonly Outcome[]): Promise<void> =>
  run.db.session(run.context, (s) =>
    logEvents(s, lease.job_id, [
      {
        level: 'WARNING',
        event_type: 'error',
        message: `A worker lost its lease on rows ${lease.lo} to ${lease.hi}; its last ${outcomes.length} results were not recorded.`,
        details: {
          chunk: lease.chunk,
          epoch: lease.epoch,
          shipped: outcomes.flatMap((outcome) =>
            'shipment' in outcome
              ? [{ row_number: outcome.row_number, tracking_number: outcome.shipment.tracking_number }]
              : [],
          ),
        },
      },
    ]),
  );
