import { AshlarError } from 'ashlar';
import { z } from 'zod';
import type { ShippingSession } from './database.js';
import { type Job, jobs } from './tables.js';

const notFound = (jobId: string): AshlarError =>
  new AshlarError('row-not-found', {
    message: `There is no job ${jobId}.`,
    suggestion: 'See `ashlar jobs list` for the ids there are.',
  });

/** The job with that id. @throws AshlarError `row-not-found` */
export const findJob = async (s: ShippingSession, jobId: string): Promise<Job> => {
  // an id that is no UUID is one that nobody has; engines differ in what they make of it
  const job = z.uuid().safeParse(jobId).success ? await s.get(jobs, jobId) : undefined;
  if (!job) throw notFound(jobId);
  return job;
};

/**
 * Locks a job's row for this transaction and reads it: what changes a job or its rows comes one after the other.
 * The patch changes nothing, for a command never does, but it stamps `updated_at` by the one clock that all workers
 * share, the database's; leases are measured by it.
 *
 * @throws AshlarError `row-not-found` when the job was deleted
 */
export const lockJob = async (
  s: ShippingSession,
  job: Pick<Job, 'id' | 'original_command'>,
): Promise<Job> => {
  try {
    return await s.update(jobs, job.id, { original_command: job.original_command });
  } catch (error) {
    throw error instanceof AshlarError && error.code === 'row-not-found' ? notFound(job.id) : error;
  }
};

/** Refuses what does not fit a job's present status. @throws AshlarError `state-conflict` */
export const assertStatus = (job: Job, verb: string, allowed: readonly Job['status'][]): void => {
  if (allowed.includes(job.status)) return;
  throw new AshlarError('state-conflict', {
    message: `The job "${job.name}" is ${job.status}; it cannot be ${verb}.`,
    detail: `That takes a job that is ${allowed.join(' or ')}.`,
    suggestion: suggestions[job.status],
  });
};

const suggestions: Readonly<Record<Job['status'], string>> = {
  pending: 'Run it first, or cancel it.',
  running: 'Pause or cancel it first.',
  paused: 'Resume it, or cancel it.',
  completed: 'It is final; import the rows again as another job.',
  failed: 'Retry its failed rows, or cancel it.',
  cancelled: 'It is final; import the rows again as another job.',
};
