export { heldArray } from './array.js';
export { assertTable } from './assert-table.js';
export { bigintBounds, bigintForm, boundedBigint, computedBigint, isBigintText } from './bigint.js';
export { clockValue, isFilledByClock } from './clock-value.js';
export { columnOf, propertiesOf } from './column-map.js';
export { int32, isNarrow } from './column-rules.js';
export {
  type ArrayMark,
  array,
  autoincrement,
  bigint,
  bytes,
  type Ciphertext,
  type CiphertextMark,
  type ColumnOptions,
  type Computed,
  type ComputedMark,
  canonicalAddress,
  ciphertext,
  column,
  computed,
  createdAt,
  type DatabaseGenerated,
  type Generated,
  type GeneratedKey,
  generated,
  type IdentityKey,
  type IdentityMark,
  id,
  inet,
  isCanonicalAddress,
  json,
  native,
  now,
  timestamp,
  timestamps,
  updatedAt,
} from './column-types.js';
export {
  columnValue,
  holdsJson,
  jsonIssue,
  storedValue,
} from './column-value.js';
export { columnsWhere } from './columns-where.js';
export { clockWithheld, databaseClocks } from './database-clock.js';
export {
  computedDecimal,
  type DecimalOptions,
  decimal,
  decimalText,
  exactDecimal,
  greatestScaled,
  isDecimalText,
  mostScaledDigits,
  scaledDecimal,
} from './decimal.js';
export { envelopeForm } from './envelope-form.js';
export { type ExternalTable, external } from './external.js';
export { refusesDelete, refusesUpdate } from './foreign-keys.js';
export { fillGenerated } from './generate.js';
export { identityColumn, isComputed, touchedColumns, writtenColumns } from './generated-columns.js';
export { errorIssues, isStorageIssue, issueText } from './issues.js';
export {
  check,
  type IndexOptions,
  index,
  primaryKey,
  references,
  renamed,
  renamedTable,
  type TableItem,
  type UniqueOptions,
  unique,
} from './items.js';
export { type HeldValue, heldValue, keyValues } from './key-values.js';
export { type Level, levelIn } from './level.js';
export { type Named, naming } from './name-rule.js';
export {
  foldedName,
  identifier,
  identifiers,
  isOwn,
  literal,
  nullsAlike,
  quoted,
  referenceTo,
} from './names.js';
export type { NamingRule } from './naming.js';
export { type RefusingTable, refusedColumnValue, refusedValue } from './refused-value.js';
export { noRights, readOnlyRights, rightsOf } from './rights.js';
export { type CheckRowItem, checkRow, type RowCheck, type RowProblem, rowProblems } from './row-checks.js';
export { everyScope, isScopeOf, ownerActor, scopeValue } from './scope.js';
export type {
  Application,
  CheckedRow,
  HasMark,
  InsertOf,
  KeyValue,
  RowOf,
  Shape,
  UpdateOf,
} from './shape.js';
export { hiddenTables, objectsOfGuarantee, type SideTable, sideObjects, sideTables } from './side-tables.js';
export { storageProblem } from './storable.js';
export { type Columns, type KeyNames, type Table, table } from './table.js';
export { parseTime, timestampText } from './timestamp-text.js';
export type {
  Insert,
  KeyOf,
  QueryTable,
  QueryTables,
  QueryView,
  QueryViews,
  Row,
  Tables,
  Update,
  WithViews,
} from './types.js';
export { type View, type ViewShape, type Views, view } from './view.js';
