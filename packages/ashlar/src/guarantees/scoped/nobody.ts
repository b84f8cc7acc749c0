import type { Column } from '../../contract/column.js';
import type { GuardedTable } from '../../contract/guarantee.js';
import { rightsOf } from '../../model/index.js';

/**
 * Whether a session without a scope may add rows without one, which it then does not see. Only where the database alone
 * writes, in whoever's name: a trail keeps what nobody did, too.
 */
export function takesRowsOfNobody(table: GuardedTable, { nullable }: Column): boolean {
  return nullable && rightsOf(table).insert.length === 0;
}
