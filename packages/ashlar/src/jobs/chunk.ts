import { type Attempted, attemptRows, inDoubt, isHopeless, nothingAttempted } from './attempt.js';
import { settleCancelled } from './cancel.js';
import { finishJob } from './finish.js';
import { keepAlive } from './heartbeat.js';
import { lockJob } from './job.js';
import type { JobProgress } from './job-commands.js';
import { holdLease, isLeaseLost, type Lease, openRows, releaseLease, unfinishedChunks } from './lease.js';
import { logEvents } from './log.js';
import type { Job, JobModel, JobRow, JobSession } from './model.js';
import {
  markLeft,
  type Outcome,
  outcomeEvents,
  recordIntents,
  recordOutcomes,
  tallyOf,
  withdrawIntents,
} from './record.js';
import type { RunContext } from './run-context.js';
import { storableJson } from './storable-text.js';
import { addToTotals, totalsOf } from './totals.js';

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
  const { model, executor, concurrency, callSeconds, givenUp } = run;
  const alive = keepAlive(run, lease);
  const queue: JobRow[] = [];
  // the rows that must not be attempted again have their outcome without a call
  const take = (open: readonly JobRow[]): readonly Outcome[] => {
    queue.push(...open.filter((row) => !isHopeless(model, row, executor)));
    return open.filter((row) => isHopeless(model, row, executor)).map(inDoubt);
  };
  let done: Attempted = { ...nothingAttempted, outcomes: take(rows) };
  try {
    for (;;) {
      const window = nextWindow(queue, run.window.size);
      const step = await run.db.session(run.context, (s) => flush(run, s, lease, { done, window }));
      done = nothingAttempted;
      run.onProgress(progressOf(model, step.job));
      if (step.over) return;
      const hopeless = take(step.more);
      const begun = performance.now();
      const attempted = await attemptRows(window, {
        model,
        executor,
        concurrency,
        callSeconds,
        lost: alive.signal,
        givenUp,
      });
      done = { ...attempted, outcomes: [...hopeless, ...attempted.outcomes] };
      adjustSize(run, window, performance.now() - begun);
    }
  } catch (error) {
    if (isLeaseLost(error)) return await logLate(run, lease, done.outcomes);
    // the rows of this window stay `processing`; with the chunk given back, the next claim handles them at once
    await run.db.session(run.context, (s) => giveBack(run, s, lease)).catch(() => undefined);
    throw error;
  } finally {
    await alive.stop();
  }
}

// a row that may have stopped two workers is attempted alone, so that it puts no other row in doubt
const isSuspect = ({ status, attempts }: JobRow): boolean => status === 'processing' && attempts > 1;

const nextWindow = (queue: JobRow[], size: number): JobRow[] => {
  const suspect = queue.findIndex(isSuspect);
  return queue.splice(0, suspect === 0 ? 1 : suspect > 0 ? Math.min(size, suspect) : size);
};

const adjustSize = (
  { concurrency, flushEvery, window }: RunContext,
  { length, 0: first }: readonly JobRow[],
  milliseconds: number,
): void => {
  if (!first || isSuspect(first)) return;
  const wanted = Math.floor(length * Math.min(4, windowTarget / milliseconds));
  // the rest of a chunk may be short: it says only that windows are too long
  if (length < window.size && wanted >= length) return;
  window.size = Math.min(flushEvery, Math.max(concurrency, wanted));
};

const flush = async (
  { model, job: running, worker, executor, stopped }: RunContext,
  s: JobSession,
  lease: Lease,
  { done, window }: { readonly done: Attempted; readonly window: readonly JobRow[] },
): Promise<Step> => {
  const { outcomes, left, untouched } = done;
  const job = await lockJob(model, s, running);
  const now = job.updated_at;
  const tally = tallyOf(model, outcomes);
  await holdLease(model, s, lease, { worker, now, tally });
  await recordOutcomes(model, s, lease, { outcomes, now });
  await markLeft(model, s, lease, left);
  await withdrawIntents(model, s, lease, untouched);
  await logEvents(model, s, job.id, outcomeEvents(model, executor, outcomes));
  const counted = await addToTotals(model, s, job, tally);
  const going = job.status === 'running' && !stopped();
  if (going && window.length > 0) {
    await recordIntents(model, s, lease, window);
    return { job: counted, over: false, more: [] };
  }
  const more = await openRows(model, s, lease);
  if (going && more.length > 0) return { job: counted, over: false, more };
  await releaseLease(model, s, lease, more.length > 0 ? 'open' : 'done');
  if (job.status === 'cancelled')
    return { job: await settleCancelled(model, s, counted), over: true, more: [] };
  const last = (await unfinishedChunks(model, s, job.id).limit(1).execute()).length === 0;
  return { job: last ? await finishJob(model, s, counted) : counted, over: true, more: [] };
};

const giveBack = async ({ model, job }: RunContext, s: JobSession, lease: Lease): Promise<void> => {
  const held = await lockJob(model, s, job);
  await releaseLease(model, s, lease, 'open');
  if (held.status === 'cancelled') await settleCancelled(model, s, held);
};

/** The progress of a job. */
const progressOf = (model: JobModel, job: Job): JobProgress => ({
  done: job.processed_rows,
  total: job.total_rows,
  failed: job.failed_rows,
  totals: totalsOf(model, job),
  simulated: job.simulated ?? false,
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
