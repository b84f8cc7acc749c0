export { rowChecksum } from './checksum.js';
export { defineJobs, type JobsDeclaration, type SumOptions } from './define.js';
export {
  type AnyExecutor,
  type Attempt,
  type ExecutorRow,
  idempotencyKey,
  type JobExecutor,
  type RowIdentity,
} from './executor.js';
export type { ImportInput, ImportOptions, RowSource } from './import.js';
export type {
  ExportOptions,
  ImportFileOptions,
  ImportReport,
  JobCommands,
  JobDetail,
  JobProgress,
  JobSum,
  JobSummary,
  RunJobOptions,
} from './job-commands.js';
export type { LogPage } from './log.js';
export type { Job, JobRow, LogEntry } from './model.js';
export type { JobFilter, RowPage } from './query.js';
export type { Retried, RetryInput } from './retry.js';
export type { ImportRow } from './row-maker.js';
export type { RunOptions } from './run.js';
export type { ExecutorOf, Jobs, JobTypes } from './services.js';
export {
  type ChunkColumns,
  eventTypes,
  type JobColumns,
  type JobMode,
  type JobStatus,
  jobModes,
  jobStatuses,
  type LogColumns,
  logLevels,
  type ResultColumns,
  type RowColumns,
  type RowData,
  type RowStatus,
  rowStatuses,
} from './shapes.js';
export type { JobTables } from './tables.js';
export type { RowAccount, RowCounts, Totals } from './totals.js';
