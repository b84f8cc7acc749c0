import { setTimeout as sleep } from 'node:timers/promises';
import type { JobProgress } from 'ashlar';
import { workChunk } from './chunk.js';
import { pauseJob, startJob } from './control.js';
import type { ShippingDatabase } from './database.js';
import type { Executor } from './executor.js';
import { finishJob } from './finish.js';
import { findJob, lockJob } from './job.js';
import { claimChunk, openRows } from './lease.js';
import { newOwner } from './owner.js';
import type { Job } from './tables.js';
import type { WorkerRun } from './worker-run.js';

/** How a job is run. */
export interface RunJobOptions {
  /** Calls of the executor under way at once. Default 8. */
  readonly concurrency?: number | undefined;
  /** At most this many rows between two transactions; fewer where calls are slow. Default 100. */
  readonly flushEvery?: number | undefined;
  /** How long a chunk stays this worker's without a sign of life, in seconds. Default 30. */
  readonly leaseSeconds?: number | undefined;
  /** Told after each transaction how far the job is, whoever did the rows. */
  readonly onProgress?: ((progress: JobProgress) => void) | undefined;
  /** Aborted to stop: rows in flight are finished and recorded, and the job is paused. */
  readonly signal?: AbortSignal | undefined;
  /** This worker's name, `host:pid:random`. Default: made here. */
  readonly owner?: string | undefined;
  /** In whose name the work is done. */
  readonly actor?: string | undefined;
}

/**
 * Runs a job, or joins in running it, until all its rows are done, it is paused or cancelled, or `signal` aborts. Any
 * number of workers, in any number of processes, may run one job. A job whose worker was killed goes on when this is
 * called again.
 *
 * Rows are attempted at least once; recorded exactly once; with an idempotent or reconcilable provider, effected once.
 *
 * @returns the job as it is then: `completed`, `failed` when rows of it failed, `paused`, `cancelled`
 * @throws AshlarError `row-not-found`; `state-conflict` when the job is completed, failed or cancelled
 */
export const runJob = async (
  db: ShippingDatabase,
  jobId: string,
  executor: Executor,
  options: RunJobOptions = {},
): Promise<Job> => {
  const context = { actor: options.actor ?? null };
  const run: WorkerRun = {
    db,
    context,
    job: await db.session(context, (s) => startJob(s, jobId)),
    executor,
    worker: { owner: options.owner ?? newOwner(), leaseSeconds: options.leaseSeconds ?? 30 },
    concurrency: Math.max(1, options.concurrency ?? 8),
    flushEvery: Math.max(1, options.flushEvery ?? 100),
    stopped: () => options.signal?.aborted ?? false,
    onProgress: options.onProgress ?? (() => undefined),
  };
  await workChunks(run);
  if (run.stopped()) await pauseIfRunning(run);
  return db.read((s) => findJob(s, jobId));
};

const workChunks = async (run: WorkerRun): Promise<void> => {
  const { db, context, worker } = run;
  let idle = 0;
  while (!run.stopped()) {
    const claim = await db.session(context, async (s) => {
      const job = await lockJob(s, run.job);
      if (job.status !== 'running') return 'over';
      const { lease, open } = await claimChunk(s, job, worker);
      if (lease) return { lease, rows: await openRows(s, lease) };
      if (open) return 'taken';
      await finishJob(s, job);
      return 'over';
    });
    if (claim === 'over') return;
    if (claim === 'taken') {
      // others hold what is left: they finish it, or their leases end
      await sleep(Math.min(25 * 2 ** idle++, 1_000, (worker.leaseSeconds * 1_000) / 4));
      continue;
    }
    idle = 0;
    await workChunk(run, claim.lease, claim.rows);
  }
};

const pauseIfRunning = ({ db, context, job }: WorkerRun): Promise<unknown> =>
  db.session(context, async (s) => {
    const { status } = await lockJob(s, job);
    if (status === 'running') await pauseJob(s, job.id, 'the run was stopped');
  });
