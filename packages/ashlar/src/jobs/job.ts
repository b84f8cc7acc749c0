import { z } from 'zod';
import { AshlarError } from '../errors.js';
import type { Job, JobModel, JobSession } from './model.js';

const notFound = (jobId: string): AshlarError =>
  new AshlarError('row-not-found', {
    message: `No job has the id ${jobId}.`,
    suggestion: 'Run `ashlar jobs list` to see the ids.',
  });

/** Reads the job with this id. @throws AshlarError `row-not-found` */
export async function findJob(model: JobModel, s: JobSession, jobId: string): Promise<Job> {
  // engines differ in how they treat an id that is not a UUID
  const job = z.uuid().safeParse(jobId).success ? await s.get(model.tables.jobs, jobId) : undefined;
  if (!job) throw notFound(jobId);
  return job;
}

/**
 * Locks the row of a job until the transaction ends, and reads it, so that concurrent changes of the job and its rows
 * happen one after another. The update sets `created_at`, which never changes, to itself. It also sets `updated_at`
 * by the database's clock, the one clock that all workers share: leases are measured by it.
 *
 * @throws AshlarError `row-not-found` when the job was deleted
 */
export async function lockJob(model: JobModel, s: JobSession, { id, created_at }: Job): Promise<Job> {
  try {
    return await s.update(model.tables.jobs, id, { created_at });
  } catch (error) {
    throw error instanceof AshlarError && error.code === 'row-not-found' ? notFound(id) : error;
  }
}

/** Finds a job by its id and locks its row until the transaction ends. @throws AshlarError `row-not-found` */
export async function findAndLockJob(model: JobModel, s: JobSession, jobId: string): Promise<Job> {
  return lockJob(model, s, await findJob(model, s, jobId));
}

/**
 * Throws if the job's status is not one of the statuses that an operation allows.
 *
 * @throws AshlarError `state-conflict`
 */
export function assertStatus(job: Job, participle: string, allowed: readonly Job['status'][]): void {
  if (allowed.includes(job.status)) return;
  throw new AshlarError('state-conflict', {
    message: `The job "${job.name}" is ${job.status}; it cannot be ${participle}.`,
    detail: `Only a job that is ${allowed.join(' or ')} can be ${participle}.`,
    suggestion: suggestions[job.status],
  });
}

const suggestions: Readonly<Record<Job['status'], string>> = {
  pending: 'Run the job first, or cancel it.',
  running: 'Pause or cancel the job first.',
  paused: 'Resume the job, or cancel it.',
  completed: 'This status is final. Import the rows again as a new job.',
  failed: 'Retry the failed rows of the job, or cancel the job.',
  cancelled: 'This status is final. Import the rows again as a new job.',
};
