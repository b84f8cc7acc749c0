import { AshlarError } from '../errors.js';

const form = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,6}))?(Z|[+-]\d{2}:\d{2})?)?$/i;

/**
 * Parses the value of an option that takes a time; returns it as ISO 8601 in UTC with six fractional digits. Returns
 * `undefined` if the option is not given. A date means midnight; a time without an offset is in UTC.
 *
 * @throws AshlarError `usage`
 */
export function timeOption(option: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const [, day, clock = '00:00', fraction = '', offset = 'Z'] = form.exec(text) ?? [];
  const seconds = clock.length === 5 ? `${clock}:00` : clock;
  const time = new Date(day === undefined ? Number.NaN : `${day}T${seconds}${offset.toUpperCase()}`);
  // a day that the month does not have would become one of the next month
  const isReal = day !== undefined && isDay(day) && !Number.isNaN(time.getTime());
  if (isReal) return time.toISOString().replace('.000Z', `.${fraction.padEnd(6, '0')}Z`);
  throw new AshlarError('usage', {
    message: `${option} takes a date or a time in ISO 8601.`,
    suggestion: `For example: ${option} 2026-03-31 or ${option} 2026-03-31T08:00:00Z`,
  });
}

function isDay(day: string): boolean {
  const time = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(day);
}
