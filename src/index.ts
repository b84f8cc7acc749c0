export { type ConnectOptions, connect, Database } from './database.js';
export type { Engine, OpenOptions } from './engines/engine.js';
export { openEngine } from './engines/open.js';
export { AshlarError, type ErrorCode, type ErrorFacts, type ExitCode, errorCodes } from './errors.js';
export type {
  ImportOptions,
  ImportReport,
  JobCommands,
  JobDetail,
  JobProgress,
  JobStatus,
  JobSummary,
  RunOptions,
} from './jobs/job-commands.js';
export type { SyncSession } from './session/sync-session.js';
export type { KeyOf, Session, SessionContext } from './session/types.js';
export { type System, system } from './system.js';
export * from './table/index.js';
