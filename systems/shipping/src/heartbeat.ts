import { lockJob } from './job.js';
import { holdLease, isLeaseLost, type Lease } from './lease.js';
import type { WorkerRun } from './worker-run.js';

/** A lease that is being kept. */
export interface KeptLease {
  /** Aborted when the lease is lost. */
  readonly signal: AbortSignal;
  /** Ends the renewals, after one under way has finished. */
  stop(): Promise<void>;
}

const nothing = { completed: 0, failed: 0, cost: 0 };

/** Renews a lease three times in its span, for calls that take longer than it. */
export const keepAlive = (
  { db, context, job, worker }: Pick<WorkerRun, 'db' | 'context' | 'job' | 'worker'>,
  lease: Lease,
): KeptLease => {
  const lost = new AbortController();
  let renewal: Promise<void> = Promise.resolve();
  const renew = () => {
    renewal = db
      .session(context, async (s) => {
        const { updated_at } = await lockJob(s, job);
        await holdLease(s, lease, worker, updated_at, nothing);
      })
      .catch((error) => {
        // any other failure is left to the next transaction, which reports it
        if (isLeaseLost(error)) lost.abort(error);
      });
  };
  const timer = setInterval(renew, (worker.leaseSeconds * 1_000) / 3);
  timer.unref();
  return {
    signal: lost.signal,
    stop: async () => {
      clearInterval(timer);
      await renewal;
    },
  };
};
