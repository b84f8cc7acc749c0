import type { Column } from '../../contract/column.js';
import type { GuardedTable } from '../../contract/guarantee.js';
import { rightsOf } from '../../model/index.js';

/**
 * Whether a session without a scope may insert rows without a scope, which it cannot read afterwards. Only where the
 * database alone writes: a trail also records sessions without a scope.
 */
export function takesRowsOfNobody(table: GuardedTable, { nullable }: Column): boolean {
  return nullable && rightsOf(table).insert.length === 0;
}
