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
export { columnValue } from './column-value.js';
export { envelopeForm } from './envelope-form.js';
export { identityColumn, touchedColumns } from './generated-columns.js';
export { errorIssues, isStorageIssue, issueText } from './issues.js';
export {
  check,
  type IndexOptions,
  index,
  primaryKey,
  references,
  renamed,
  type TableItem,
  type UniqueOptions,
  unique,
} from './items.js';
export { identifier, identifiers, literal, nullsAlike } from './names.js';
export { noRights, readOnlyRights, rightsOf } from './rights.js';
export { everyScope, isScopeOf, scopeValue } from './scope.js';
export type { InsertOf, RowOf, Shape, UpdateOf } from './shape.js';
export { hiddenTables, sideObjects } from './side-tables.js';
export { storageProblem } from './storable.js';
export { type Columns, type Table, table } from './table.js';
export type { Insert, QueryTable, QueryTables, Row, Tables, Update } from './types.js';
