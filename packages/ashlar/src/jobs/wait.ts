import { AshlarError } from '../errors.js';

// a timer of the system takes at most 2^31 - 1 ms, and fires at once beyond it
const longestWait = 2_147_483_647;

/** The milliseconds of a timer for a number of seconds, `Infinity` included. */
export function timerOf(seconds: number): number {
  return Math.min(seconds * 1_000, longestWait);
}

/**
 * Asserts that an option is a number of seconds to wait.
 *
 * @param least - `zero`: an option that may be 0
 * @throws AshlarError `input-invalid`
 */
export function assertSeconds(option: string, seconds: number, least: 'zero' | 'more'): number {
  if (seconds > 0 || (least === 'zero' && seconds === 0)) return seconds;
  throw new AshlarError('input-invalid', {
    message: `${option} is ${seconds}, which is no number of seconds.`,
    suggestion: `Give a number greater than 0${least === 'zero' ? ', or 0' : ''}.`,
  });
}
