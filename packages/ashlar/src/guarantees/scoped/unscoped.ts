import type { Column } from '../../contract/column.js';
import type { GuardedTable } from '../../contract/guarantee.js';
import { rightsOf } from '../../model/index.js';

/**
 * Whether a session without a scope may insert rows without a scope, although it cannot read them. True only for tables
 * that the database alone writes: an audit trail also records the changes of sessions without a scope.
 */
export function acceptsUnscopedRows(table: GuardedTable, { nullable }: Column): boolean {
  return nullable && rightsOf(table).insert.length === 0;
}
