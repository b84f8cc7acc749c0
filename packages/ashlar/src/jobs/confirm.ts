import { AshlarError } from '../errors.js';
import { assertImported, assertStatus, findAndLockJob } from './job.js';
import { logEvents } from './log.js';
import type { Job, JobModel, JobSession } from './model.js';

/**
 * Confirms a pending job of mode `confirm`, so that it can be run.
 *
 * @throws AshlarError `row-not-found`, `state-conflict`
 */
export async function confirmJob(model: JobModel, s: JobSession, jobId: string): Promise<Job> {
  const job = await findAndLockJob(model, s, jobId);
  if (job.confirmed_at !== null) return job;
  assertImported(job);
  assertStatus(job, 'confirmed', ['pending']);
  if (job.mode !== 'confirm') {
    throw new AshlarError('state-conflict', {
      message: `The job "${job.name}" needs no confirmation.`,
      detail: `Its mode is ${job.mode}.`,
      suggestion: 'Run it with `ashlar jobs run`.',
    });
  }
  await logEvents(model, s, jobId, [
    {
      level: 'INFO',
      event_type: 'state_change',
      message: `confirmed: ${job.total_rows} rows`,
      details: { actor: s.actor, total_rows: job.total_rows },
    },
  ]);
  return s.update(model.tables.jobs, jobId, { confirmed_at: job.updated_at });
}
