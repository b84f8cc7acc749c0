import { AshlarError } from 'ashlar';
import { sql } from 'kysely';
import type { ShippingSession } from './database.js';
import { logEvents } from './log.js';
import { isGone } from './owner.js';
import type { Job, JobChunk, JobRow } from './tables.js';

/** The right of one worker to work on a chunk. Void once another worker has claimed the chunk: its epoch is higher. */
export interface Lease {
  readonly job_id: string;
  readonly chunk: number;
  readonly lo: number;
  readonly hi: number;
  readonly epoch: number;
}

/** Who claims, and for how long each claim or renewal holds, in seconds. */
export interface Worker {
  readonly owner: string;
  readonly leaseSeconds: number;
}

/** What a claim gave: a lease, nothing for now (others hold what is left), or the news that no chunk is left. */
export interface Claim {
  readonly lease: Lease | undefined;
  /** Whether some chunk is not done. */
  readonly open: boolean;
}

/** What a worker adds to the counts of its chunk. */
export interface Tally {
  readonly completed: number;
  readonly failed: number;
  readonly cost: number;
}

/** The chunks of a job that are not done. Written so that both engines find them by the partial index. */
export const unfinishedChunks = (s: ShippingSession, jobId: string) =>
  s.query
    .selectFrom('job_chunks')
    .selectAll()
    .where('job_id', '=', jobId)
    .where(sql<boolean>`state <> 'done'`)
    .orderBy('lo');

const leaseEnd = (now: string, seconds: number): string =>
  new Date(Date.parse(now) + seconds * 1000).toISOString();

/** Claims a chunk of a locked job: an open one, else one whose lease has expired or whose owner is gone. */
export const claimChunk = async (s: ShippingSession, job: Job, worker: Worker): Promise<Claim> => {
  const now = job.updated_at;
  const left = unfinishedChunks(s, job.id);
  const chunk =
    (await left
      .where((eb) => eb.or([eb('state', '=', 'open'), eb('lease_until', '<', now)]))
      .limit(1)
      .executeTakeFirst()) ?? (await left.execute()).find(({ owner }) => owner !== null && isGone(owner));
  if (!chunk) return { lease: undefined, open: (await left.limit(1).execute()).length > 0 };
  const epoch = chunk.epoch + 1;
  await s.query
    .updateTable('job_chunks')
    .set({ state: 'leased', epoch, owner: worker.owner, lease_until: leaseEnd(now, worker.leaseSeconds) })
    .where('job_id', '=', job.id)
    .where('chunk', '=', chunk.chunk)
    .execute();
  if (chunk.state === 'leased') await logReclaim(s, chunk);
  return { lease: { job_id: job.id, chunk: chunk.chunk, lo: chunk.lo, hi: chunk.hi, epoch }, open: true };
};

const logReclaim = (s: ShippingSession, { job_id, chunk, lo, hi, owner, epoch }: JobChunk) =>
  logEvents(s, job_id, [
    {
      level: 'WARNING',
      event_type: 'state_change',
      message: `Rows ${lo} to ${hi} were left by a worker that stopped; another has taken them over.`,
      details: { chunk, owner, epoch },
    },
  ]);

/** The rows of a chunk that are still to be done. Those already `processing` were left in doubt by an earlier lease. */
export const openRows = (s: ShippingSession, lease: Lease): Promise<JobRow[]> =>
  openRowsQuery(s, lease).execute();

export const openRowsQuery = (s: ShippingSession, lease: Lease) =>
  s.query
    .selectFrom('job_rows')
    .selectAll()
    .where('job_id', '=', lease.job_id)
    .where('row_number', '>=', lease.lo)
    .where('row_number', '<=', lease.hi)
    .where('status', 'in', ['pending', 'processing'])
    .orderBy('row_number');

const fenced = (s: ShippingSession, lease: Lease) =>
  s.query
    .updateTable('job_chunks')
    .where('job_id', '=', lease.job_id)
    .where('chunk', '=', lease.chunk)
    .where('epoch', '=', lease.epoch)
    .where('state', '=', 'leased');

/** Whether an error says that a lease is void: another worker has claimed the chunk since. */
export const isLeaseLost = (error: unknown): boolean =>
  error instanceof AshlarError && error.code === 'state-conflict' && error.message === leaseLost.message;

const leaseLost = {
  message: 'The lease on this chunk of rows was lost.',
  detail: 'It was not renewed in time, and another worker has claimed the chunk under a higher epoch.',
  suggestion:
    'Nothing needs to be done: the other worker records the rows. Lengthen the lease if this happens often.',
};

const assertHeld = (changed: bigint): void => {
  if (changed === 0n) throw new AshlarError('state-conflict', leaseLost);
};

/**
 * Renews a lease and adds to its chunk's counts. This is the fence: what is written after it in the same transaction
 * is written by the chunk's one owner.
 *
 * @throws AshlarError `state-conflict` when the lease was lost; the session must not be kept then
 */
export const holdLease = async (
  s: ShippingSession,
  lease: Lease,
  worker: Worker,
  now: string,
  tally: Tally,
) => {
  const { numUpdatedRows } = await fenced(s, lease)
    .set((eb) => ({
      lease_until: leaseEnd(now, worker.leaseSeconds),
      completed_rows: eb('completed_rows', '+', tally.completed),
      failed_rows: eb('failed_rows', '+', tally.failed),
      cost_cents: eb('cost_cents', '+', tally.cost),
    }))
    .executeTakeFirstOrThrow();
  assertHeld(numUpdatedRows);
};

/** Gives a chunk back: `done` when none of its rows is left, else `open` for the next claim. */
export const releaseLease = async (
  s: ShippingSession,
  lease: Lease,
  state: 'open' | 'done',
): Promise<void> => {
  const { numUpdatedRows } = await fenced(s, lease)
    .set({ state, owner: null, lease_until: null })
    .executeTakeFirstOrThrow();
  assertHeld(numUpdatedRows);
};
