export { type ConnectOptions, connect, Database } from './database.js';
export { type Engine, everyScope, type OpenOptions } from './engines/engine.js';
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
export { type Logger, logger } from './log.js';
export {
  type AppliedStep,
  check as checkMigrations,
  down,
  drift,
  dumpSchema,
  history,
  maintain,
  newStep,
  type Plan,
  plan,
  type Retirement,
  type RetireOptions,
  type RunStep,
  retire,
  stamp,
  type UpOptions,
  up,
} from './migrations/index.js';
export type { SyncSession } from './session/sync-session.js';
export type { KeyOf, Session, SessionContext } from './session/types.js';
export { redactUrl, Secret, type Settings, settings } from './settings/index.js';
export { type System, system } from './system.js';
export * from './table/index.js';
