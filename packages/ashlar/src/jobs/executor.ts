import { sha256 } from './checksum.js';

/** The key by which the provider recognises a row in every attempt. */
export interface RowIdentity {
  /**
   * The key of the row, the same in every attempt: the SHA-256 of the job's id and the row's number, as 64 hex
   * digits.
   */
  readonly idempotencyKey: string;
}

/** One attempt to execute a row. */
export interface Attempt extends RowIdentity {
  /** The number of this attempt; the first attempt of a row has the number 1. */
  readonly attempt: number;
  /**
   * A signal that is aborted when the time of the call is over, the run was stopped and no longer waits for it, or this
   * worker loses its lease: the outcome of the call is then no longer recorded.
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
 * The application's own code that executes a row, usually by a call to a provider.
 *
 * A row is attempted at least once and recorded exactly once. With an idempotent or reconcilable provider, it also has
 * its effect exactly once.
 */
export interface JobExecutor<Data, Result> {
  readonly name: string;
  /**
   * Whether several calls of `run` with the same idempotency key have the effect of one call, also at the same time. Executors
   * that take turns at one job must then call the same provider.
   */
  readonly idempotent: boolean;
  /**
   * Whether nothing is executed in reality. The job, its log and every sum that `ashlar jobs` shows then say SIMULATED, and no
   * other executor can go on with the job.
   */
  readonly simulated?: boolean;
  /**
   * Executes one row. An error fails the row; its `code`, if it is a string, becomes the row's `error_code`. Throw an
   * error with the code `in_doubt` if the call may have taken effect. The message is stored with the row, logged and exported:
   * keep secrets, such as the URL of a request, out of it.
   */
  run(row: ExecutorRow<Data>, attempt: Attempt): Promise<Result>;
  /**
   * Asks the provider whether an earlier attempt took effect, and for its result. Called before a row is executed
   * again.
   */
  reconcile?(row: ExecutorRow<Data>, identity: RowIdentity): Promise<Result | 'not-effected'>;
}

/** An executor for jobs of any kind, without the types of their data and results. */
export type AnyExecutor = JobExecutor<unknown, unknown>;

/**
 * Returns the key by which a provider recognises all attempts at one row: the SHA-256 of the job's id and the row's
 * number, in hex.
 */
export function idempotencyKey(jobId: string, rowNumber: number): string {
  return sha256(`${jobId}/${rowNumber}`);
}
