import { setTimeout as sleep } from 'node:timers/promises';
import { workChunk } from './chunk.js';
import { pauseJob, startJob } from './control.js';
import type { AnyExecutor } from './executor.js';
import { finishJob } from './finish.js';
import { findJob, lockJob } from './job.js';
import type { JobProgress } from './job-commands.js';
import { claimChunk, openRows } from './lease.js';
import type { Job, JobDatabase, JobModel } from './model.js';
import { newOwner } from './owner.js';
import { Patience } from './patience.js';
import type { RunContext } from './run-context.js';
import { assertSeconds } from './wait.js';

/** Options of a run. */
export interface RunOptions {
  /** The maximum number of concurrent calls of the executor. Default 8. */
  readonly concurrency?: number | undefined;
  /**
   * The maximum number of rows whose outcomes one transaction records; it may record fewer if the calls are slow.
   * Default 100.
   */
  readonly flushEvery?: number | undefined;
  /**
   * The number of seconds for which a lease is valid after each renewal. Default: the value in the declaration of the
   * jobs.
   */
  readonly leaseSeconds?: number | undefined;
  /**
   * A function that is called after each transaction with the progress of the whole job, including the work of other
   * workers.
   */
  readonly onProgress?: ((progress: JobProgress) => void) | undefined;
  /** The number of seconds that a call of the executor may take. Default: the value in the declaration of the jobs. */
  readonly callSeconds?: number | undefined;
  /**
   * A signal that stops the run: when it is aborted, calls in progress are finished and recorded, and the job is paused. A
   * call that has not ended after `stopSeconds` is given up, and the run returns: the next run of an idempotent executor repeats
   * the call; with another executor the row is in doubt.
   */
  readonly signal?: AbortSignal | undefined;
  /** The number of seconds that a stopped run waits for calls in progress. Default 10. */
  readonly stopSeconds?: number | undefined;
  /** The name of this worker: `host:process:random`. Default: a generated name. */
  readonly owner?: string | undefined;
  /** The actor of the run's sessions. */
  readonly actor?: string | undefined;
}

/** What is run, by which code. */
interface RunInput {
  readonly jobId: string;
  readonly executor: AnyExecutor;
}

/** Runs a job as one worker; several workers may run the same job at the same time. */
export async function runJob(
  model: JobModel,
  db: JobDatabase,
  { jobId, executor }: RunInput,
  options: RunOptions = {},
): Promise<Job> {
  const context = { actor: options.actor ?? null };
  const callSeconds = assertSeconds('callSeconds', options.callSeconds ?? model.callSeconds, 'more');
  const stopSeconds = assertSeconds('stopSeconds', options.stopSeconds ?? 10, 'zero');
  const leaseSeconds = assertSeconds('leaseSeconds', options.leaseSeconds ?? model.leaseSeconds, 'more');
  const job = await db.session(context, (s) => startJob(model, s, jobId, executor));
  const [concurrency, flushEvery] = [options.concurrency ?? 8, options.flushEvery ?? 100].map((n) =>
    Math.max(1, n),
  ) as [number, number];
  const patience = new Patience(options.signal, stopSeconds);
  const run: RunContext = {
    model,
    db,
    context,
    job,
    executor,
    worker: {
      owner: options.owner ?? newOwner(),
      leaseSeconds,
    },
    concurrency,
    flushEvery,
    window: { size: Math.min(concurrency, flushEvery) },
    callSeconds,
    stopped: () => options.signal?.aborted ?? false,
    givenUp: patience.over,
    onProgress: options.onProgress ?? (() => undefined),
  };
  await workChunks(run).finally(() => patience.end());
  if (run.stopped()) await pauseIfRunning(run);
  return db.read((s) => findJob(model, s, jobId));
}

const workChunks = async (run: RunContext): Promise<void> => {
  const { model, db, context, worker } = run;
  let idle = 0;
  while (!run.stopped()) {
    const claim = await db.session(context, async (s) => {
      const job = await lockJob(model, s, run.job);
      if (job.status !== 'running') return 'over';
      const { lease, open } = await claimChunk(model, s, job, worker);
      if (lease) return { lease, rows: await openRows(model, s, lease) };
      if (open) return 'taken';
      await finishJob(model, s, job);
      return 'over';
    });
    if (claim === 'over') return;
    if (claim === 'taken') {
      // other workers have leased the rest: they finish it, or their leases expire
      await sleep(Math.min(25 * 2 ** idle++, 1_000, (worker.leaseSeconds * 1_000) / 4));
      continue;
    }
    idle = 0;
    await workChunk(run, claim.lease, claim.rows);
  }
};

const pauseIfRunning = ({ model, db, context, job }: RunContext): Promise<unknown> =>
  db.session(context, async (s) => {
    const { status } = await lockJob(model, s, job);
    if (status === 'running') await pauseJob(model, s, job.id, 'the run was stopped');
  });
