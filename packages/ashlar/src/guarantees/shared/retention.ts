import type { Guarantee, Table } from '../../model/index.js';

/** How long a row stays. Calendar months are those of UTC; where a month has no such day, its last one counts. */
export interface Period {
  readonly years?: number;
  readonly months?: number;
  readonly days?: number;
}

/** What a table declares of how long its rows stay. */
export interface Retention {
  /** The column from whose time the period runs. */
  readonly column: string;
  readonly period: Period;
  /** Why: the law, the contract. */
  readonly reason: string;
  /** The table of legal holds, by name. */
  readonly holds: string | undefined;
  /** The column that says whose a row is, for holds on all that is somebody's. */
  readonly scope: string | undefined;
}

/** A guarantee that lets rows leave after their time. */
export interface RetainedGuarantee extends Guarantee {
  readonly retention: Retention;
}

/** How long the rows of a table stay; `undefined` where it has not said that they may ever leave. */
export const retentionOf = (table: Pick<Table, 'guarantees'>): Retention | undefined =>
  (table.guarantees.find(({ name }) => name === 'retained') as RetainedGuarantee | undefined)?.retention;

/** A period in the two units that calendars do not agree on. */
export const inMonthsAndDays = ({
  years = 0,
  months = 0,
  days = 0,
}: Period): { months: number; days: number } => ({
  months: 12 * years + months,
  days,
});

/** A period in words: `5 years and 1 month`. */
export const periodText = (period: Period): string => {
  const parts = (['years', 'months', 'days'] as const).flatMap((unit) => {
    const count = period[unit] ?? 0;
    return count === 0 ? [] : [`${count} ${count === 1 ? unit.slice(0, -1) : unit}`];
  });
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
};
