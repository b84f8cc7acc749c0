import { assertStatus, findAndLockJob } from './job.js';
import { logStateChange, type StateChange } from './log.js';
import type { Job, JobModel, JobSession } from './model.js';

/** A change of a job's status, and of other columns with it. */
interface Move extends StateChange {
  readonly also?: Partial<Pick<Job, 'error_code' | 'error_message' | 'started_at' | 'completed_at'>>;
}

/** Changes the status of a job whose row is locked, and logs the change. */
export async function moveJob(
  model: JobModel,
  s: JobSession,
  job: Job,
  { to, also = {}, reason }: Move,
): Promise<Job> {
  await logStateChange(model, s, job, { to, reason });
  return s.update(model.tables.jobs, job.id, { ...also, status: to });
}

/**
 * Sets a pending or paused job to `running`. A job that is running already is returned unchanged, so that another
 * worker can join.
 */
export async function startJob(model: JobModel, s: JobSession, jobId: string): Promise<Job> {
  const job = await findAndLockJob(model, s, jobId);
  if (job.status === 'running') return job;
  assertStatus(job, 'run', ['pending', 'paused', 'running']);
  return moveJob(model, s, job, { to: 'running', also: { started_at: job.started_at ?? job.updated_at } });
}

/** Pauses a running job. Its workers record the rows in flight and stop. */
export async function pauseJob(model: JobModel, s: JobSession, jobId: string, reason?: string): Promise<Job> {
  const job = await findAndLockJob(model, s, jobId);
  assertStatus(job, 'paused', ['running']);
  return moveJob(model, s, job, { to: 'paused', reason });
}

/** Sets a paused job to `running`. */
export async function resumeJob(model: JobModel, s: JobSession, jobId: string): Promise<Job> {
  const job = await findAndLockJob(model, s, jobId);
  assertStatus(job, 'resumed', ['paused']);
  return moveJob(model, s, job, { to: 'running' });
}

/** Deletes a job that is not running, with its rows, chunks and log. */
export async function deleteJob(model: JobModel, s: JobSession, jobId: string): Promise<void> {
  const job = await findAndLockJob(model, s, jobId);
  assertStatus(job, 'deleted', ['pending', 'paused', 'completed', 'failed', 'cancelled']);
  await s.delete(model.tables.jobs, jobId);
}
