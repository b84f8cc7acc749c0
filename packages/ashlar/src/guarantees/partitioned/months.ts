/** A month of UTC as a number: the months since January of the year 0, so that the next one is one more. */
export type Month = number;

/** The first and the last month that a partition can have: those of the years 1 to 9999. */
export const firstMonth: Month = 12;
export const lastMonth: Month = 9999 * 12 + 11;

/** The month in which a moment lies. */
export const monthOf = (moment: Date): Month => moment.getUTCFullYear() * 12 + moment.getUTCMonth();

const parts = (month: Month): [year: string, month: string] => [
  String(Math.floor(month / 12)).padStart(4, '0'),
  String((month % 12) + 1).padStart(2, '0'),
];

/** The first moment of a month, as PostgreSQL reads it. */
export const startOf = (month: Month): string => `${parts(month).join('-')}-01T00:00:00Z`;

/** The first moment of a month, in milliseconds since 1970. */
export const startTime = (month: Month): number => {
  const start = new Date(0);
  start.setUTCFullYear(Math.floor(month / 12), month % 12, 1);
  return start.getTime();
};

/** `2026_11`. */
export const monthName = (month: Month): string => parts(month).join('_');

/** All months from the one to the other. */
export const monthsBetween = (from: Month, to: Month): Month[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at);
