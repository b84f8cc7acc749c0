import type { Retention } from '../../contract/retention.js';
import { periodText } from '../shared/period.js';

/** The messages of refusals. They are part of the triggers' SQL, and so of migrations: never reword them. */
export function refusals(table: string, { column, period, reason }: Retention) {
  return {
    early: `rows of ${table} stay for ${periodText(period)} from ${column} (${reason})`,
    held: `a row of ${table} is under a legal hold`,
    unasked: `rows of ${table} leave by retirement alone`,
    emptied: `${table} is never emptied at once`,
    moved: (columns: readonly string[]): string =>
      `${columns.join(', ')} of ${table} ${columns.length > 1 ? 'are' : 'is'} never changed, by which rows stay and are held`,
  };
}

/** The conditions of one engine; `row` is the alias of the row. */
export interface Conditions {
  /** The row has expired at `moment`, an SQL expression; default: the database's clock. */
  due(row: string, moment?: string): string;
  /** An open hold applies to the row. */
  held(row: string): string;
}
