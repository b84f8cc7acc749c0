import { AshlarError } from '../errors.js';

/** Collects the values of an option that may be repeated. */
export function collect(value: string, all: readonly string[] = []): string[] {
  return [...all, value];
}

/**
 * Parses the value of an option that takes a positive integer; returns `undefined` if the option is not given.
 *
 * @throws AshlarError `usage`
 */
export function wholeNumber(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new AshlarError('usage', {
    message: `${option} takes an integer from 1, not ${text}.`,
    suggestion: `For example: ${option} 8`,
  });
}

/**
 * Parses the value of an option that takes a non-negative integer; returns `undefined` if the option is not given.
 *
 * @throws AshlarError `usage`
 */
export function wholeNumberOrNone(option: string, text: string | undefined): number | undefined {
  return text === '0' ? 0 : wholeNumber(option, text);
}

/**
 * Parses the value of an option that takes one of a few words; returns `undefined` if the option is not given.
 *
 * @throws AshlarError `usage`
 */
export function oneOf<T extends string>(
  option: string,
  words: readonly T[],
  given: string | undefined,
): T | undefined {
  const word = words.find((each) => each === given);
  if (word !== undefined || given === undefined) return word;
  throw new AshlarError('usage', {
    message: `${option} takes ${words.join(' or ')}, not ${given}.`,
    suggestion: `For example: ${option} ${words[0]}`,
  });
}
