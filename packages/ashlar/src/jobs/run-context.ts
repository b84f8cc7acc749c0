import type { SessionContext } from '../session/types.js';
import type { AnyExecutor } from './executor.js';
import type { JobProgress } from './job-commands.js';
import type { Worker } from './lease.js';
import type { Job, JobDatabase, JobModel } from './model.js';

/** The values that all steps of a run have in common: the job, the executor, the database and the options. */
export interface RunContext {
  readonly model: JobModel;
  readonly db: JobDatabase;
  readonly context: SessionContext;
  readonly job: Job;
  readonly executor: AnyExecutor;
  readonly worker: Worker;
  readonly concurrency: number;
  readonly flushEvery: number;
  /** The number of rows in the next window; it carries over from chunk to chunk. */
  readonly window: { size: number };
  readonly callSeconds: number;
  readonly stopped: () => boolean;
  /** A signal that is aborted when the run was stopped and calls in progress have had their time to end. */
  readonly givenUp: AbortSignal;
  readonly onProgress: (progress: JobProgress) => void;
}
