export type { Attack, Attacker, Probe, SqlRow } from '../contract/attack.js';
export {
  type Enforcement,
  type Guarantee,
  type GuaranteeObject,
  type MaintenanceReport,
  type MaintenanceTools,
  type PostgresEnforcement,
  type Privilege,
  type Purged,
  type PurgeFollowUp,
  type PurgeReport,
  type PurgeTools,
  type RefusedLevel,
  type Rights,
  type RunNow,
  type RunSql,
  type SealResult,
  type SqliteEnforcement,
  type SqlName,
  sealResults,
} from '../contract/guarantee.js';
export type { Column, ColumnKind, ColumnRules, DefaultValue, Generator } from './column.js';
export { type BlindIndex, type ColumnEncryption, envelopeForm } from './column-encryption.js';
export {
  autoincrement,
  bytes,
  type Ciphertext,
  canonicalAddress,
  ciphertext,
  createdAt,
  type Generated,
  id,
  inet,
  isCanonicalAddress,
  json,
  timestamp,
  timestamps,
  updatedAt,
} from './column-types.js';
export {
  check,
  type IndexOptions,
  index,
  type OnDelete,
  primaryKey,
  references,
  renamed,
  type TableItem,
  type UniqueOptions,
  unique,
} from './items.js';
export { identifier, identifiers, literal, nullsAlike } from './names.js';
export { type Extent, noRights, readOnlyRights, rightsOf, type TableRights } from './rights.js';
export { isScopeOf, scopeColumn, scopeValue } from './scope.js';
export { hiddenTables, sideObjects } from './side-tables.js';
export { storageProblem } from './storable.js';
export {
  type Check,
  type Columns,
  type ForeignKey,
  type Index,
  type Key,
  type Table,
  table,
  type Unique,
} from './table.js';
export type { Insert, InsertOf, QueryTables, Row, RowOf, Shape, Tables, Update, UpdateOf } from './types.js';
