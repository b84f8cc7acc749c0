import { type Column, rightsOf, type Table } from '../../model/index.js';

/**
 * Whether a session without a scope may add rows without one, which it then does not see. Only where the database alone
 * writes, in whoever's name: a trail keeps what nobody did, too.
 */
export const takesRowsOfNobody = (table: Table, { nullable }: Column): boolean =>
  nullable && rightsOf(table).insert.length === 0;
