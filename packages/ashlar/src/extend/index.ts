export type { Attack, Attacker, Probe } from '../contract/attack.js';
export type {
  ArrayElement,
  Column,
  ColumnCodec,
  ColumnKind,
  ColumnRules,
  DeclaredElement,
  DefaultValue,
  Generator,
} from '../contract/column.js';
export type { Condition, FoundationObject, Proving, Renames, SqlDialect } from '../contract/dialect.js';
export type { Engine, Partition, SyncEngine } from '../contract/engine.js';
export type {
  DeclaredColumns,
  Enforcement,
  FactRule,
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
} from '../contract/guarantee.js';
export type {
  DeclaredObject,
  DeclaredType,
  DeclaredView,
  FullText,
  ObjectSql,
} from '../contract/objects.js';
export type { OpenOptions } from '../contract/open-options.js';
export type { Owner } from '../contract/owner.js';
export type { Retention } from '../contract/retention.js';
export type { Extent, Privilege, Rights, TableRights } from '../contract/rights.js';
export type { ConnectedRole, RoleDialect, WantedRights } from '../contract/roles.js';
export type {
  OtherObject,
  OtherType,
  RowSecurity,
  Schema,
  SchemaChange,
  SchemaColumn,
  SchemaObject,
  SchemaTable,
} from '../contract/schema.js';
export type { CopyFormat, Snapshot } from '../contract/snapshot.js';
export type { Awaitable, RunNow, RunSql, SqlName, SqlRow, SqlTexts } from '../contract/sql.js';
export type { SystemFacts } from '../contract/system.js';
export type {
  BlindIndex,
  Check,
  ColumnEncryption,
  ExpressionIndex,
  ForeignKey,
  ForeignKeyAction,
  GuaranteeFacts,
  Index,
  IndexMethod,
  Key,
  TableFacts,
  Unique,
} from '../contract/table.js';
export type { QueryResult, Transaction, TransactionOptions } from '../contract/transaction.js';
export type { ExtraExtension, ExtraSql, FullTextItem } from '../model/declared-objects.js';
export type {
  CheckItem,
  ForeignKeyItem,
  IndexItem,
  IndexOptions,
  PrimaryKeyItem,
  RenamedItem,
  UniqueItem,
  UniqueOptions,
} from '../model/items.js';
export { identifier, identifiers, literal, nullsAlike } from '../model/names.js';
export { noRights, readOnlyRights, rightsOf } from '../model/rights.js';
export type { CheckRowItem, RowCheck, RowProblem } from '../model/row-checks.js';
export { isScopeOf, scopeValue } from '../model/scope.js';
export type {
  Application,
  CheckedRow,
  InsertOf,
  InsertShape,
  KeyValue,
  RowOf,
  RowShape,
  Shape,
  UpdateOf,
  UpdateShape,
} from '../model/shape.js';
export type { Columns, KeyNames } from '../model/table.js';
export type { ViewParts, ViewShape } from '../model/view.js';
export type { Decrypted } from '../session/types.js';
export { type Logger, logger } from '../settings/log.js';
export { redactUrl } from '../settings/redact.js';
export type { LogLevel } from '../settings/settings.js';
export {
  alwaysTrigger,
  type FunctionOptions,
  type PostgresTrigger,
  raise as raiseOnPostgres,
  triggerFunction,
} from '../sql/postgres-triggers.js';
export { raise as raiseOnSqlite, type SqliteTrigger, sqliteTrigger } from '../sql/sqlite-triggers.js';
export type { CommandParts } from '../system/command.js';
export type { SystemParts } from '../system/system.js';
export { openEngine } from './open-engine.js';
