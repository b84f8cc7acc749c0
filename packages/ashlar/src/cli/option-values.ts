import { AshlarError } from '../errors.js';

/** For options that may be given several times. */
export function collect(value: string, all: readonly string[] = []): string[] {
  return [...all, value];
}

/**
 * The whole number from 1 that an option was given; `undefined` when it was not given.
 *
 * @throws AshlarError `usage`
 */
export function wholeNumber(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new AshlarError('usage', {
    message: `${option} takes a whole number from 1, not ${text}.`,
    suggestion: `For example: ${option} 8`,
  });
}

/**
 * The whole number from 0 that an option was given; `undefined` when it was not given.
 *
 * @throws AshlarError `usage`
 */
export function wholeNumberOrNone(option: string, text: string | undefined): number | undefined {
  return text === '0' ? 0 : wholeNumber(option, text);
}
