import type { Retention } from '../../contract/retention.js';
import { periodText } from '../shared/period.js';

/**
 * The messages with which the triggers of `retained` refuse a statement. They are part of the triggers' SQL: a new
 * wording changes the schema.
 */
export function refusals(table: string, { column, period, reason }: Retention) {
  return {
    early: `rows of ${table} stay for ${periodText(period)} from ${column} (${reason})`,
    held: `a row of ${table} is under a legal hold`,
    unasked: `only a purge deletes rows of ${table}`,
    emptied: `${table} is never truncated`,
    moved: (columns: readonly string[]): string =>
      `${columns.join(', ')} of ${table} ${columns.length > 1 ? 'are' : 'is'} never changed: expiry and holds depend on ${columns.length > 1 ? 'them' : 'it'}`,
  };
}

/** The retention conditions in the SQL of one engine; `row` is the alias of the row. */
export interface Conditions {
  /**
   * Returns the condition that the row has expired at the time `moment`, an SQL expression (default: the current time
   * of the database).
   */
  due(row: string, moment?: string): string;
  /** Returns the condition that an open legal hold applies to the row. */
  held(row: string): string;
}
