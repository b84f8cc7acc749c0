import type { AnyExecutor } from './executor.js';
import { assertConfirmed, assertImported, assertSameReality, assertStatus, findAndLockJob } from './job.js';
import { logStateChange, type StateChange } from './log.js';
import type { Job, JobModel, JobSession } from './model.js';

/** A change of a job's status, and of other columns with it. */
interface Move extends StateChange {
  readonly also?: Partial<
    Pick<Job, 'error_code' | 'error_message' | 'started_at' | 'completed_at' | 'simulated'>
  >;
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

/** Sets a pending or paused job to `running`. Another worker can join a job that is running already. */
export async function startJob(
  model: JobModel,
  s: JobSession,
  jobId: string,
  executor: AnyExecutor,
): Promise<Job> {
  const job = await findAndLockJob(model, s, jobId);
  assertStatus(job, 'run', ['pending', 'paused', 'running']);
  assertImported(job);
  assertConfirmed(job);
  assertSameReality(job, executor);
  const simulated = executor.simulated ?? false;
  if (job.status === 'running')
    return job.simulated === simulated ? job : s.update(model.tables.jobs, jobId, { simulated });
  const also = { started_at: job.started_at ?? job.updated_at, simulated };
  return moveJob(model, s, job, { to: 'running', also });
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
