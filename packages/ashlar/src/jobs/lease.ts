import { sql } from 'kysely';
import { AshlarError } from '../errors.js';
import { logEvents } from './log.js';
import type { Job, JobChunk, JobModel, JobRow, JobSession } from './model.js';
import { isGone } from './owner.js';

/** The right of one worker to work on a chunk. Void once another worker has claimed the chunk under a higher epoch. */
export interface Lease {
  readonly job_id: string;
  readonly chunk: number;
  readonly lo: number;
  readonly hi: number;
  readonly epoch: number;
}

/** The name of a worker, and the number of seconds for which its leases are valid after each claim or renewal. */
export interface Worker {
  readonly owner: string;
  readonly leaseSeconds: number;
}

/** The result of an attempt to claim a chunk: a lease, or none if all chunks are done or leased by other workers. */
export interface Claim {
  readonly lease: Lease | undefined;
  /** Whether at least one chunk of the job is not done, which includes chunks leased by other workers. */
  readonly open: boolean;
}

/** The numbers that a worker adds to the row counts and sums of its chunk. */
export interface Tally {
  readonly completed: number;
  readonly failed: number;
  /** The value to add to each sum, by the name of the sum. */
  readonly sums: Readonly<Record<string, number>>;
}

/** A tally that adds nothing, for the renewal of a lease when there are no new results. */
export const noTally: Tally = { completed: 0, failed: 0, sums: {} };

/**
 * Selects the chunks of a job that are not done. The condition is a literal, so that both engines use the partial
 * index.
 */
export function unfinishedChunks({ tables }: JobModel, s: JobSession, jobId: string) {
  return s.query
    .selectFrom(tables.chunks.name)
    .selectAll()
    .where('job_id', '=', jobId)
    .where(sql<boolean>`state <> 'done'`)
    .orderBy('lo');
}

/** No lease ends later than this after it was renewed, in seconds; a longer one is renewed before. */
const longestLease = 86_400;

const leaseEnd = (now: string, seconds: number): string =>
  new Date(Date.parse(now) + Math.min(seconds, longestLease) * 1000).toISOString();

/**
 * Leases a chunk of a locked job to a worker: one that is open, whose lease has expired, or whose worker's process
 * has ended. A lease that ends later than any can was made while the clock was ahead; a live worker would have renewed it.
 */
export async function claimChunk(model: JobModel, s: JobSession, job: Job, worker: Worker): Promise<Claim> {
  const now = job.updated_at;
  const left = unfinishedChunks(model, s, job.id);
  const chunk =
    (await left
      .where((eb) =>
        eb.or([
          eb('state', '=', 'open'),
          eb('lease_until', '<', now),
          eb('lease_until', '>', leaseEnd(now, longestLease)),
        ]),
      )
      .limit(1)
      .executeTakeFirst()) ?? (await left.execute()).find(({ owner }) => owner !== null && isGone(owner));
  if (!chunk) return { lease: undefined, open: (await left.limit(1).execute()).length > 0 };
  const epoch = chunk.epoch + 1;
  await s.query
    .updateTable(model.tables.chunks.name)
    .set({ state: 'leased', epoch, owner: worker.owner, lease_until: leaseEnd(now, worker.leaseSeconds) })
    .where('job_id', '=', job.id)
    .where('chunk', '=', chunk.chunk)
    .execute();
  if (chunk.state === 'leased') await logReclaim(model, s, chunk);
  return { lease: { job_id: job.id, chunk: chunk.chunk, lo: chunk.lo, hi: chunk.hi, epoch }, open: true };
}

const logReclaim = (
  model: JobModel,
  s: JobSession,
  { job_id, chunk, lo, hi, owner, epoch }: JobChunk,
): Promise<void> =>
  logEvents(model, s, job_id, [
    {
      level: 'WARNING',
      event_type: 'state_change',
      message: `The worker of the rows ${lo} to ${hi} stopped; another worker continues with these rows.`,
      details: { chunk, owner, epoch },
    },
  ]);

/**
 * Reads the unfinished rows of a leased chunk. Those that are `processing` already were left in doubt by an earlier
 * lease.
 */
export function openRows(model: JobModel, s: JobSession, lease: Lease): Promise<JobRow[]> {
  return openRowsQuery(model, s, lease).execute();
}

/** Returns the query that {@link openRows} runs, so that its plan can be inspected. */
export function openRowsQuery({ tables }: JobModel, s: JobSession, lease: Lease) {
  return s.query
    .selectFrom(tables.rows.name)
    .selectAll()
    .where('job_id', '=', lease.job_id)
    .where('row_number', '>=', lease.lo)
    .where('row_number', '<=', lease.hi)
    .where('status', 'in', ['pending', 'processing'])
    .orderBy('row_number');
}

const fenced = ({ tables }: JobModel, s: JobSession, lease: Lease) =>
  s.query
    .updateTable(tables.chunks.name)
    .where('job_id', '=', lease.job_id)
    .where('chunk', '=', lease.chunk)
    .where('epoch', '=', lease.epoch)
    .where('state', '=', 'leased');

/** Whether an error means that this worker lost its lease, because another worker has claimed the chunk. */
export function isLeaseLost(error: unknown): boolean {
  return error instanceof AshlarError && lost.has(error);
}

const lost = new WeakSet<AshlarError>();

const leaseLost = {
  message: 'The lease on this chunk of rows was lost.',
  detail: 'The lease was not renewed in time, and another worker has claimed the chunk under a higher epoch.',
  suggestion:
    'No action is needed: the other worker records the rows. If this happens often, make the lease longer.',
};

const assertHeld = (changed: bigint): void => {
  if (changed > 0n) return;
  const error = new AshlarError('state-conflict', leaseLost);
  lost.add(error);
  throw error;
};

/** How a lease is renewed. */
interface Renewal {
  readonly worker: Worker;
  /** The time by the database's clock. */
  readonly now: string;
  readonly tally: Tally;
}

/**
 * Renews the lease on a chunk, and adds a tally to the row counts and sums of the chunk. This is the fence: only the
 * chunk's one owner gets past it, so what the same transaction writes afterwards is that owner's.
 *
 * @throws AshlarError `state-conflict` when the lease was lost; the transaction must then be rolled back
 */
export async function holdLease(
  model: JobModel,
  s: JobSession,
  lease: Lease,
  { worker, now, tally }: Renewal,
): Promise<void> {
  const added = Object.entries(tally.sums).map(([name, value]) => [name, sql`${sql.ref(name)} + ${value}`]);
  const { numUpdatedRows } = await fenced(model, s, lease)
    .set((eb) => ({
      lease_until: leaseEnd(now, worker.leaseSeconds),
      completed_rows: eb('completed_rows', '+', tally.completed),
      failed_rows: eb('failed_rows', '+', tally.failed),
      ...Object.fromEntries(added),
    }))
    .executeTakeFirstOrThrow();
  assertHeld(numUpdatedRows);
}

/**
 * Ends the lease on a chunk, and sets the chunk's state: `done` if all its rows are done, else `open`, so that it can
 * be claimed again.
 *
 * @throws AshlarError `state-conflict` when the lease was lost
 */
export async function releaseLease(
  model: JobModel,
  s: JobSession,
  lease: Lease,
  state: 'open' | 'done',
): Promise<void> {
  const { numUpdatedRows } = await fenced(model, s, lease)
    .set({ state, owner: null, lease_until: null })
    .executeTakeFirstOrThrow();
  assertHeld(numUpdatedRows);
}
