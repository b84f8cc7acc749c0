/** A month in UTC as a number: the count of months since January of the year 0. */
export type Month = number;

/** The first month that a partition can have: January of the year 1. */
export const firstMonth: Month = 12;

/** The month in UTC that contains a time. */
export function monthOf(moment: Date): Month {
  return moment.getUTCFullYear() * 12 + moment.getUTCMonth();
}

const parts = (month: Month): [year: string, month: string] => [
  String(Math.floor(month / 12)).padStart(4, '0'),
  String((month % 12) + 1).padStart(2, '0'),
];

/** The start of a month, as a PostgreSQL literal. */
export function startOf(month: Month): string {
  return `${parts(month).join('-')}-01T00:00:00Z`;
}

/** The start of a month, in milliseconds since 1970. */
export function startTime(month: Month): number {
  const start = new Date(0);
  start.setUTCFullYear(Math.floor(month / 12), month % 12, 1);
  return start.getTime();
}

/** A month as part of a name: `2026_11`. */
export function monthName(month: Month): string {
  return parts(month).join('_');
}

/** All months of a range, both ends included. */
export function monthsBetween(from: Month, to: Month): Month[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at);
}
