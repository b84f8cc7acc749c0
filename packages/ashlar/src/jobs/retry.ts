import { AshlarError } from '../errors.js';
import { moveJob } from './control.js';
import { assertStatus, findAndLockJob } from './job.js';
import { leftCall } from './left-call.js';
import { logEvents } from './log.js';
import type { Job, JobModel, JobSession } from './model.js';
import { hasRows, recountChunks } from './recount.js';
import { refreshTotals } from './totals.js';

/**
 * A request to retry failed rows of a job: all that can be retried, or those with the given numbers or error code.
 */
export interface RetryInput {
  readonly jobId: string;
  /**
   * Retry only the rows with these numbers. A row that is in doubt or has exhausted its attempts is retried only if
   * it is named here, after a person has checked it.
   */
  readonly rows?: readonly number[] | undefined;
  /** Retry only the rows that failed with this error code. */
  readonly errorCode?: string | undefined;
}

/** The result of a retry: the job, and the number of rows that were set to `pending`. */
export interface Retried<J = Job> {
  readonly job: J;
  readonly retried: number;
}

const checkedByPerson = ['in_doubt', 'attempts_exhausted'];

/** Sets failed rows to `pending`, and their job to `running` if it had failed. */
export async function retryFailed(
  model: JobModel,
  s: JobSession,
  { jobId, rows, errorCode }: RetryInput,
): Promise<Retried> {
  const job = await findAndLockJob(model, s, jobId);
  assertStatus(job, 'retried', ['failed', 'running', 'paused']);
  let update = s.query
    .updateTable(model.tables.rows.name)
    .set((eb) => ({
      status: 'pending',
      // a call that was left may still be on its way: the next executor has to know
      error_code: rows ? null : eb.case().when('error_code', '=', leftCall).then(leftCall).else(null).end(),
      error_message: null,
      processed_at: null,
    }))
    .where('job_id', '=', jobId)
    .where('status', '=', 'failed')
    .where('error_code', 'not in', rows ? ['invalid_row'] : ['invalid_row', ...checkedByPerson]);
  if (errorCode !== undefined) update = update.where('error_code', '=', errorCode);
  let retried = 0;
  for (const numbers of rows ? slices(rows, 1_000) : [undefined]) {
    const some = numbers ? update.where('row_number', 'in', numbers) : update;
    retried += Number((await some.executeTakeFirstOrThrow()).numUpdatedRows);
  }
  if (retried === 0 || (rows && retried < new Set(rows).size)) throw notRetryable(job, rows, retried);
  await recountChunks(model, s, jobId);
  await s.query
    .updateTable(model.tables.chunks.name)
    .set({ state: 'open' })
    .where('job_id', '=', jobId)
    .where('state', '=', 'done')
    .where(hasRows(model, 'pending'))
    .execute();
  await logEvents(model, s, jobId, [
    {
      level: 'INFO',
      event_type: 'row_event',
      message: `${retried} failed rows will be retried.`,
      details: { retried },
    },
  ]);
  if (job.status === 'failed') {
    const also = { error_code: null, error_message: null, completed_at: null };
    await moveJob(model, s, job, { to: 'running', also, reason: 'retry' });
  }
  return { job: await refreshTotals(model, s, jobId), retried };
}

function* slices<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}

const notRetryable = (job: Job, rows: readonly number[] | undefined, found: number): AshlarError =>
  new AshlarError('state-conflict', {
    message: rows
      ? `Only ${found} of the ${new Set(rows).size} given rows of "${job.name}" can be retried; nothing was changed.`
      : `No row of "${job.name}" can be retried.`,
    detail: 'A row can be retried if its execution failed. A row that the import rejected cannot.',
    suggestion:
      'Run `ashlar jobs show` to see the failed rows. To retry a row that is in doubt, give its number.',
  });
