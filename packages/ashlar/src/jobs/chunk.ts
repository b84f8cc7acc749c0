import { attemptRows, inDoubt, isHopeless } from './attempt.js';
import { finishJob } from './finish.js';
import { keepAlive } from './heartbeat.js';
import { lockJob } from './job.js';
import type { JobProgress } from './job-commands.js';
import { holdLease, isLeaseLost, type Lease, openRows, releaseLease, unfinishedChunks } from './lease.js';
import { logEvents } from './log.js';
import type { Job, JobModel, JobRow, JobSession } from './model.js';
import { type Outcome, outcomeEvents, recordIntents, recordOutcomes, tallyOf } from './record.js';
import type { RunContext } from './run-context.js';
import { storableJson } from './storable-text.js';
import { refreshTotals, totalsOf } from './totals.js';

/** The result of a transaction between two windows of rows. */
interface Step {
  readonly job: Job;
  /** The lease was given back. */
  readonly over: boolean;
  /** Rows of this chunk that have become pending since it was claimed. */
  readonly more: readonly JobRow[];
}

// milliseconds between two transactions: limits how many rows a crash leaves in doubt, and how old the progress is
const windowTarget = 500;

/**
 * Works on a leased chunk until it is done, the job is no longer running, or the lease is lost. It goes window by
 * window: each row's intent is written before its call, and the results together with the next window's intents.
 */
export async function workChunk(run: RunContext, lease: Lease, rows: readonly JobRow[]): Promise<void> {
  const { model, executor, concurrency, flushEvery } = run;
  const alive = keepAlive(run, lease);
  const queue = rows.filter((row) => !isHopeless(model, row, executor));
  let outcomes: Outcome[] = rows.filter((row) => isHopeless(model, row, executor)).map(inDoubt);
  let size = Math.min(concurrency, flushEvery);
  try {
    for (;;) {
      const window = queue.splice(0, size);
      const step = await run.db.session(run.context, (s) => flush(run, s, lease, { outcomes, window }));
      outcomes = [];
      run.onProgress(progressOf(model, step.job));
      if (step.over) return;
      queue.push(...step.more);
      const begun = performance.now();
      outcomes = await attemptRows(window, { model, executor, concurrency, signal: alive.signal });
      if (window.length > 0) size = nextSize(run, size, performance.now() - begun);
    }
  } catch (error) {
    if (isLeaseLost(error)) return await logLate(run, lease, outcomes);
    // the rows of this window stay `processing`; with the chunk given back, the next claim handles them at once
    await run.db.session(run.context, (s) => releaseLease(model, s, lease, 'open')).catch(() => undefined);
    throw error;
  } finally {
    await alive.stop();
  }
}

const nextSize = ({ concurrency, flushEvery }: RunContext, size: number, milliseconds: number): number =>
  Math.min(flushEvery, Math.max(concurrency, Math.floor(size * Math.min(4, windowTarget / milliseconds))));

const flush = async (
  { model, job: running, worker, executor, stopped }: RunContext,
  s: JobSession,
  lease: Lease,
  { outcomes, window }: { readonly outcomes: readonly Outcome[]; readonly window: readonly JobRow[] },
): Promise<Step> => {
  const job = await lockJob(model, s, running);
  const now = job.updated_at;
  await holdLease(model, s, lease, { worker, now, tally: tallyOf(model, outcomes) });
  await recordOutcomes(model, s, lease, { outcomes, now });
  await logEvents(model, s, job.id, outcomeEvents(model, executor.name, outcomes));
  const going = job.status === 'running' && !stopped();
  if (going && window.length > 0) {
    await recordIntents(model, s, lease, window);
    return { job: await refreshTotals(model, s, job.id), over: false, more: [] };
  }
  const more = await openRows(model, s, lease);
  if (going && more.length > 0) return { job: await refreshTotals(model, s, job.id), over: false, more };
  await releaseLease(model, s, lease, more.length > 0 ? 'open' : 'done');
  const counted = await refreshTotals(model, s, job.id);
  const last = (await unfinishedChunks(model, s, job.id).limit(1).execute()).length === 0;
  return { job: last ? await finishJob(model, s, counted) : counted, over: true, more: [] };
};

/** The progress of a job. */
const progressOf = (model: JobModel, job: Job): JobProgress => ({
  done: job.processed_rows,
  total: job.total_rows,
  failed: job.failed_rows,
  totals: totalsOf(model, job),
});

// another worker owns these rows now; the results that this one received may still help a person
const logLate = ({ model, db, context }: RunContext, lease: Lease, outcomes: readonly Outcome[]) =>
  db.session(context, (s) =>
    logEvents(model, s, lease.job_id, [
      {
        level: 'WARNING',
        event_type: 'error',
        message: `A worker lost its lease on the rows ${lease.lo} to ${lease.hi}; its last ${outcomes.length} results were not recorded.`,
        details: {
          chunk: lease.chunk,
          epoch: lease.epoch,
          results: outcomes.flatMap((outcome) =>
            'result' in outcome
              ? [{ row_number: outcome.row_number, result: storableJson(outcome.result) }]
              : [],
          ),
        },
      },
    ]),
  );
