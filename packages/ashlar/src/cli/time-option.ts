import { AshlarError } from '../errors.js';
import { parseTime } from '../model/index.js';

/**
 * Parses the value of an option that takes a time; returns it as ISO 8601 in UTC with six fractional digits. Returns
 * `undefined` if the option is not given. A date means midnight; a time without an offset is in UTC.
 *
 * @throws AshlarError `usage`
 */
export function timeOption(option: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const time = parseTime(text);
  if (time !== undefined) return time;
  throw new AshlarError('usage', {
    message: `${option} takes a date or a time in ISO 8601.`,
    suggestion: `For example: ${option} 2026-03-31 or ${option} 2026-03-31T08:00:00Z`,
  });
}
