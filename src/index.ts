export {
  type BackupKeysGiven,
  type BackupVerification,
  type CreateOptions as CreateBackupOptions,
  createBackup,
  defaultRetention,
  type LedgerStanding,
  type Listed as ListedBackup,
  listBackups,
  type Manifest as BackupManifest,
  newBackupKey,
  type Pruned,
  type PruneOptions,
  pruneBackups,
  type Restored,
  type RestoreOptions,
  type Retention,
  restoreBackup,
  type VerifyBackupOptions,
  verifyBackup,
} from './backup/index.js';
export { type ConnectOptions, connect, Database } from './database.js';
export { type Engine, everyScope } from './engines/engine.js';
export { openEngine } from './engines/open.js';
export type { OpenOptions } from './engines/open-options.js';
export type { RoleChange, Roles, Standing } from './engines/roles.js';
export type { FileContent, FoundKey, Imported, ImportSource, KeyRotation } from './engines/whole-file.js';
export { AshlarError, type ErrorCode, type ErrorFacts, type ExitCode, errorCodes } from './errors.js';
export { parseInput } from './input.js';
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
export {
  findDatabaseKey,
  importDatabase,
  type KeyringStatus,
  keyringStatus,
  type ReencryptOptions,
  reencrypt,
  rotateDatabaseKey,
  rotateDataKey,
  rotateMaster,
  type Shredded,
  type ShredOptions,
  shred,
} from './keys/index.js';
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
export {
  type AttackProof,
  type Checkpoints,
  countAttacks,
  failuresOf,
  type GuaranteeProof,
  type LedgerProof,
  type Proof,
  type ProveOptions,
  prove,
  type RefusedBy,
  type StructureProof,
  type Verdict,
} from './prove/index.js';
export { applyRoles, checkRoles, defaultRoles, rolesFrom, rolesSql } from './roles/index.js';
export type { SyncSession } from './session/sync-session.js';
export type { Decrypted, KeyOf, Session, SessionContext } from './session/types.js';
export {
  type ColumnKeys,
  parseSettings,
  redactUrl,
  Secret,
  type Settings,
  settings,
} from './settings/index.js';
export { type System, type SystemParts, system } from './system.js';
export * from './table/index.js';
