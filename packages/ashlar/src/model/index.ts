export type { Attack, Attacker, Probe, SqlRow } from '../contract/attack.js';
export {
  type Guarantee,
  type GuaranteeObject,
  type Keeping,
  type Leaving,
  type MaintenanceReport,
  type MaintenanceTools,
  type PostgresKeeping,
  type Privilege,
  type Refusal,
  type Retired,
  type RetirementReport,
  type RetirementTools,
  type Rights,
  type RunNow,
  type RunSql,
  type Settled,
  type SqliteKeeping,
  type SqlName,
  settledStates,
} from '../contract/guarantee.js';
export { hiddenTables, objectsBeside } from './beside.js';
export type { Column, ColumnKind, ColumnRules, DefaultValue, Generator } from './column.js';
export {
  autoincrement,
  bytes,
  type Ciphered,
  canonicalAddress,
  ciphered,
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
export { type BlindIndex, envelopeForm, type Sealed } from './sealed.js';
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
export type { Insert, InsertOf, Patch, PatchOf, QueryTables, Row, RowOf, Shape, Tables } from './types.js';
