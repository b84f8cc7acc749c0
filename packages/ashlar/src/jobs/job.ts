import { z } from 'zod';
import { AshlarError } from '../errors.js';
import type { AnyExecutor } from './executor.js';
import type { Job, JobModel, JobSession } from './model.js';
import { isGone } from './owner.js';

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
 * Throws while a job is being imported, or if its import was killed: some of its rows are missing.
 *
 * @throws AshlarError `state-conflict`
 */
export function assertImported({ name, importer }: Job): void {
  if (importer === null) return;
  const gone = isGone(importer);
  throw new AshlarError('state-conflict', {
    message: gone
      ? `The import of the job "${name}" was interrupted; some of its rows are missing.`
      : `The job "${name}" is being imported.`,
    detail: `It was begun by ${importer}.`,
    suggestion: gone
      ? 'Cancel the job, and import the file again.'
      : 'Wait until the import has ended. If it was interrupted, cancel the job and import the file again.',
  });
}

/**
 * Throws if a pending job waits for its confirmation.
 *
 * @throws AshlarError `state-conflict`
 */
export function assertConfirmed({ id, name, status, mode, confirmed_at, total_rows }: Job): void {
  if (status !== 'pending' || mode !== 'confirm' || confirmed_at !== null) return;
  throw new AshlarError('state-conflict', {
    message: `The job "${name}" waits for its confirmation.`,
    detail: `It would execute ${total_rows} rows. Its mode is confirm.`,
    suggestion: `Look at it with \`ashlar jobs show ${id}\`, then run \`ashlar jobs confirm ${id}\`. Jobs of mode auto need no confirmation.`,
  });
}

/**
 * Throws if a job that was run by a simulated executor would go on with a real one, or the reverse: nobody could tell which of
 * its rows were executed.
 *
 * @throws AshlarError `state-conflict`
 */
export function assertSameReality({ name, simulated }: Job, executor: AnyExecutor): void {
  if (simulated === null || simulated === (executor.simulated ?? false)) return;
  throw new AshlarError('state-conflict', {
    message: simulated
      ? `The job "${name}" was run by a simulated executor; ${executor.name} is not simulated.`
      : `The job "${name}" was run by an executor that is not simulated; ${executor.name} is.`,
    suggestion: 'Import the rows again as a new job.',
  });
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
