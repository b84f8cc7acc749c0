import type { Retention } from '../../contract/retention.js';
import { periodText } from '../shared/period.js';

/** The messages of all refusals: why a row may not be deleted. */
export function refusals(table: string, { column, period, reason }: Retention) {
  return {
    early: `rows of ${table} stay for ${periodText(period)} from ${column} (${reason})`,
    held: `a row of ${table} is under a legal hold`,
    unasked: `rows of ${table} are deleted only by a purge`,
    emptied: `${table} cannot be truncated`,
    moved: (columns: readonly string[]): string =>
      `${columns.join(', ')} of ${table} never ${columns.length > 1 ? 'change' : 'changes'}: retention and legal holds depend on ${columns.length > 1 ? 'them' : 'it'}`,
  };
}

/** One engine's SQL conditions on a row; `row` is the alias of the row in the query. */
export interface Conditions {
  /** The row has expired at `time`, an SQL expression; by default the database's clock. */
  due(row: string, time?: string): string;
  /** An open legal hold covers the row. */
  held(row: string): string;
}
