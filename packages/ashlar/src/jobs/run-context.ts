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
  readonly stopped: () => boolean;
  readonly onProgress: (progress: JobProgress) => void;
}
