/** Returns a time, as `Date.prototype.toISOString` writes it, in the form of a timestamp column. */
export function timestampText(time: string, precision: 3 | 6): string {
  return precision === 3 ? time : time.replace('Z', '000Z');
}

const form = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,6}))?(Z|[+-]\d{2}:\d{2})?)?$/i;

/**
 * Parses a date or a time in ISO 8601; returns it in UTC with six fractional digits. A date means midnight; a time
 * without an offset is in UTC.
 *
 * @returns `undefined` for a text that is neither, or a day that does not exist
 */
export function parseTime(text: string): string | undefined {
  const [, day, clock = '00:00', fraction = '', offset = 'Z'] = form.exec(text) ?? [];
  // a day that the month does not have would become one of the next month
  if (day === undefined || !isDay(day)) return undefined;
  const seconds = clock.length === 5 ? `${clock}:00` : clock;
  const time = new Date(`${day}T${seconds}${offset.toUpperCase()}`);
  if (Number.isNaN(time.getTime())) return undefined;
  return time.toISOString().replace('.000Z', `.${fraction.padEnd(6, '0')}Z`);
}

function isDay(day: string): boolean {
  const time = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(day);
}
