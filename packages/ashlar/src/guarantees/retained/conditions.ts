import type { Retention } from '../../contract/retention.js';
import { periodText } from '../shared/period.js';

/** Why a row may not leave, in the words of every refusal. */
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

/** What one engine needs to tell of rows: `row` is the row's name where the condition stands. */
export interface Conditions {
  /** That its time is over at `moment`, an expression of the engine; by default the database's own clock. */
  due(row: string, moment?: string): string;
  /** That an open hold names it. */
  held(row: string): string;
}
