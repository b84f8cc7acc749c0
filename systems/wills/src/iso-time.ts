import { DateTime } from 'luxon';

/** South African time, which has no daylight saving. */
const zone = 'UTC+2';

/**
 * Reads a time in any form of ISO 8601: with or without seconds and fractions, basic or extended, by month, week or day of
 * the year, with any offset. A time without an offset is South African, and a date is its first moment.
 *
 * @returns the time in UTC with milliseconds; `undefined` if the text is no such time, or names no day
 */
export function parseIsoTime(text: string): string | undefined {
  const given = text.trim().toUpperCase().replace(' ', 'T');
  // a year, or a month, is ISO 8601 too
  if (/^\d{4}(?:-?\d{2})?$/.test(given)) return undefined;
  const time = DateTime.fromISO(given, { zone });
  return time.isValid ? new Date(time.toMillis()).toISOString() : undefined;
}
