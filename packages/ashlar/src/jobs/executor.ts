import { sha256 } from './checksum.js';

/** The key that identifies a row to the provider in every attempt. */
export interface RowIdentity {
  /** The key, equal in every attempt: SHA-256 of the job's id and the row's number, as 64 hex digits. */
  readonly idempotencyKey: string;
}

/** One attempt to execute a row. */
export interface Attempt extends RowIdentity {
  /** The number of the attempt: 1 for the first. */
  readonly attempt: number;
  /**
   * A signal that is aborted when this worker loses its lease: the worker will not record the outcomes of calls in
   * flight.
   */
  readonly signal: AbortSignal;
}

/**
 * The part of a row that an executor receives: the id of its job, its number and its data. Its data has passed the
 * schema of its kind of job.
 */
export interface ExecutorRow<Data> {
  readonly job_id: string;
  readonly row_number: number;
  readonly row_data: Data;
}

/**
 * The caller's own code that executes a row, usually by a call to a provider.
 *
 * A row is attempted at least once and recorded exactly once. With an idempotent or reconcilable provider, it also has
 * its effect exactly once.
 */
export interface JobExecutor<Data, Result> {
  readonly name: string;
  /** Whether a second call of `run` with the same key cannot have a second effect. */
  readonly idempotent: boolean;
  /**
   * Executes one row. An error fails the row; its `code`, if it is a string, becomes the row's `error_code`. Throw an
   * error with the code `in_doubt` if the call may have taken effect.
   */
  run(row: ExecutorRow<Data>, attempt: Attempt): Promise<Result>;
  /** Asks the provider for the result of an earlier attempt. Called before a row is executed again. */
  reconcile?(row: ExecutorRow<Data>, identity: RowIdentity): Promise<Result | 'not-effected'>;
}

/** An executor of any kind of job, without the types of its data and result. */
export type AnyExecutor = JobExecutor<unknown, unknown>;

/**
 * The key by which a provider recognises all attempts at one row: the SHA-256 of the job's id and the row's number,
 * in hex.
 */
export function idempotencyKey(jobId: string, rowNumber: number): string {
  return sha256(`${jobId}/${rowNumber}`);
}
