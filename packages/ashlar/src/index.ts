export {
  type BackupKeysGiven,
  type BackupVerification,
  type CreateOptions as CreateBackupOptions,
  createBackup,
  defaultKeepRules,
  type KeepRules,
  type LedgerRelation,
  type ListedBackup,
  listBackups,
  type Manifest as BackupManifest,
  newBackupKey,
  type Pruned,
  type PruneOptions,
  pruneBackups,
  type Restored,
  type RestoreOptions,
  restoreBackup,
  type VerifyBackupOptions,
  verifyBackup,
} from './backup/index.js';
export type { Attack, Attacker, Probe } from './contract/attack.js';
export type { Column, ColumnKind, ColumnRules, DefaultValue, Generator } from './contract/column.js';
export type { Engine } from './contract/engine.js';
export type {
  Enforcement,
  Guarantee,
  GuaranteeObject,
  GuardedTable,
  MaintenanceReport,
  MaintenanceTools,
  PostgresEnforcement,
  Purged,
  PurgeFollowUp,
  PurgeReport,
  PurgeTools,
  RefusedLevel,
  SealResult,
  SqliteEnforcement,
} from './contract/guarantee.js';
export type { OpenOptions } from './contract/open-options.js';
export type { Extent, Privilege, Rights, TableRights } from './contract/rights.js';
export type { ConnectedRole, RoleChange, Roles } from './contract/roles.js';
export type { RunNow, RunSql, SqlName, SqlRow } from './contract/sql.js';
export type { SystemFacts } from './contract/system.js';
export type {
  BlindIndex,
  Check,
  ColumnEncryption,
  ForeignKey,
  GuaranteeFacts,
  Index,
  Key,
  OnDelete,
  TableFacts,
  Unique,
} from './contract/table.js';
export type { FileContent, FoundKey, Imported, ImportSource, KeyRotation } from './contract/whole-file.js';
export { openEngine } from './engines/open.js';
// `export *`, because TypeScript merges an augmentation of 'ashlar' only into names that are exported so
export * from './errors.js';
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
  type Purge,
  type PurgeOptions,
  plan,
  purge,
  type RunStep,
  stamp,
  type UpOptions,
  up,
} from './migrations/index.js';
export * from './model/index.js';
export { parseInput } from './model/input.js';
export {
  type AttackReport,
  type Checkpoints,
  countAttacks,
  failuresOf,
  type GuaranteeReport,
  type LedgerReport,
  type ProveOptions,
  type ProveReport,
  prove,
  type StoppedBy,
  type StructureReport,
  type Verdict,
} from './prove/index.js';
export { applyRoles, checkRoles, defaultRoles, rolesFrom, rolesSql } from './roles/index.js';
export { connect } from './session/connect.js';
export type { ConnectOptions } from './session/connect-options.js';
export { Database } from './session/database.js';
export type { SyncSession } from './session/sync-session.js';
export type { Decrypted, Session, SessionContext } from './session/types.js';
export {
  type ColumnKeys,
  parseSettings,
  redactUrl,
  Secret,
  type Settings,
  settings,
} from './settings/index.js';
export { type Logger, logger } from './settings/log.js';
export { type Command, type CommandContext, type CommandParts, command } from './system/command.js';
export { type System, type SystemParts, system } from './system/system.js';
