import { DateTime } from 'luxon';

/** South African time, which has no daylight saving. */
const zone = 'UTC+2';

/** A day of the year, of a week, or of a month; basic or extended. A time alone would be read as one of today. */
const day = /^\d{4}-?(?:\d{2}-?\d{2}|W\d{2}-?\d|\d{3})(?:T|$)/;

/**
 * Reads a time in any form of ISO 8601: with or without seconds and fractions, basic or extended, by month, week or day of
 * the year, with any offset. A time without an offset is South African, and a date is its first moment.
 *
 * @returns the time in UTC with milliseconds; `undefined` if the text is no such time, or names no day
 */
export function parseIsoTime(text: string): string | undefined {
  const given = text.trim().toUpperCase().replace(' ', 'T');
  if (!day.test(given)) return undefined;
  const time = DateTime.fromISO(given, { zone });
  return time.isValid ? new Date(time.toMillis()).toISOString() : undefined;
}
