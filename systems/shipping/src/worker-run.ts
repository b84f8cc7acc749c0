import type { JobProgress, SessionContext } from 'ashlar';
import type { ShippingDatabase } from './database.js';
import type { Executor } from './executor.js';
import type { Worker } from './lease.js';
import type { Job } from './tables.js';

/** One worker's run of a job: what all its steps need. */
export interface WorkerRun {
  readonly db: ShippingDatabase;
  readonly context: SessionContext;
  readonly job: Job;
  readonly executor: Executor;
  readonly worker: Worker;
  readonly concurrency: number;
  readonly flushEvery: number;
  readonly stopped: () => boolean;
  readonly onProgress: (progress: JobProgress) => void;
}
