export type { StatementEvent } from './contract/statement-event.js';
export type { Isolation } from './contract/transaction.js';
// `export *`, because TypeScript merges an augmentation of 'ashlar' only into names that are exported so
export * from './errors.js';
export {
  type ArrayOf,
  array,
  autoincrement,
  bigint,
  bytes,
  type Ciphertext,
  type ColumnOptions,
  type Computed,
  ciphertext,
  column,
  computed,
  createdAt,
  type DatabaseGenerated,
  type Generated,
  type GeneratedKey,
  generated,
  type IdentityKey,
  id,
  inet,
  json,
  now,
  timestamp,
  timestamps,
  updatedAt,
} from './model/column-types.js';
export { type DecimalOptions, decimal } from './model/decimal.js';
export { extra, fullText } from './model/declared-objects.js';
export { parseInput } from './model/input.js';
export {
  check,
  index,
  primaryKey,
  references,
  renamed,
  renamedTable,
  type TableItem,
  unique,
} from './model/items.js';
export { type Named, naming } from './model/name-rule.js';
export type { NamingRule } from './model/naming.js';
export { checkRow } from './model/row-checks.js';
export { everyScope } from './model/scope.js';
export { type Table, table } from './model/table.js';
export type { Insert, KeyOf, Row, Tables, Update } from './model/types.js';
export { type View, type Views, view } from './model/view.js';
export { connect } from './session/connect.js';
export type { ConnectOptions } from './session/connect-options.js';
export { Database } from './session/database.js';
export type { SingleWrites } from './session/single-writes.js';
export type { Immediate, SyncSession, SyncSessions } from './session/sync-session.js';
export type {
  ReadOptions,
  Rows,
  Session,
  SessionContext,
  SessionOptions,
  UpsertOptions,
  WriteOptions,
} from './session/types.js';
export type { EqualTo, Where } from './session/where.js';
export { parseSettings } from './settings/parse-settings.js';
export { Secret } from './settings/secret.js';
export { type ColumnKeys, type Settings, settings } from './settings/settings.js';
export { type Command, type CommandContext, command } from './system/command.js';
export { type System, system } from './system/system.js';
