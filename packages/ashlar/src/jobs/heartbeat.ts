import { lockJob } from './job.js';
import { holdLease, isLeaseLost, type Lease, noTally } from './lease.js';
import type { RunContext } from './run-context.js';

/** A lease that is renewed by a timer until `stop` is called. */
export interface KeptLease {
  /** A signal that is aborted when the lease is lost. */
  readonly signal: AbortSignal;
  /** Stops the renewals; waits until a renewal in progress has finished. */
  stop(): Promise<void>;
}

/**
 * Renews a lease at intervals of a third of its validity, so that calls of the executor may take longer than the
 * lease.
 */
export function keepAlive({ model, db, context, job, worker }: RunContext, lease: Lease): KeptLease {
  const lost = new AbortController();
  let renewal: Promise<void> = Promise.resolve();
  const renew = () => {
    renewal = db
      .session(context, async (s) => {
        const { updated_at } = await lockJob(model, s, job);
        await holdLease(model, s, lease, { worker, now: updated_at, tally: noTally });
      })
      .catch((error) => {
        // any other error is left to the next transaction, which reports it
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
}
