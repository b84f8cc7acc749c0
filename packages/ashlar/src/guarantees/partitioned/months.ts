/** A UTC month as a number: the months since January of the year 0. */
export type Month = number;

/** The first month that a partition can have: January of the year 1. */
export const firstMonth: Month = 12;

/** The month of a time. */
export function monthOf(time: Date): Month {
  return time.getUTCFullYear() * 12 + time.getUTCMonth();
}

const parts = (month: Month): [year: string, month: string] => [
  String(Math.floor(month / 12)).padStart(4, '0'),
  String((month % 12) + 1).padStart(2, '0'),
];

/** The start of a month, as PostgreSQL parses it. */
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

/** All months from one to another, both included. */
export function monthsBetween(from: Month, to: Month): Month[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at);
}
