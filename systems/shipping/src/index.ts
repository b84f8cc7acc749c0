import { system } from 'ashlar';
import { jobCommands } from './commands.js';
import { tables } from './tables.js';

export {
  cancelJob,
  deleteJob,
  pauseJob,
  type RetryInput,
  resumeJob,
  retryFailed,
  startJob,
} from './control.js';
export type { CsvSource } from './csv.js';
export type { ShippingDatabase, ShippingSession } from './database.js';
export {
  type Executor,
  idempotencyKey,
  type Shipment,
  type ShipmentAttempt,
  type ShipmentIdentity,
  type ShippableRow,
} from './executor.js';
export { type ImportJobInput, type ImportJobReport, importJob } from './import.js';
export { findJob } from './job.js';
export { type LogPage, pageLog } from './log.js';
export { type JobReport, jobStatus, listJobs, pageRows, type RowPage, recentLog } from './query.js';
export type { CsvRecord, RowRules } from './row-reader.js';
export { type RunJobOptions, runJob } from './run.js';
export { type SimulationOptions, simulatedExecutor, simulatedRate } from './simulated.js';
export * from './tables.js';
export { accountRows, type RowAccount, type RowCounts, type Totals } from './totals.js';

/** Batch jobs that survive: a spreadsheet of orders becomes rows that are shipped, accounted for, and never lost. */
export const shipping = system('shipping', {
  tables,
  migrations: new URL('../migrations/', import.meta.url),
  jobs: jobCommands,
});
