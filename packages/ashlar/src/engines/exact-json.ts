import { numericText } from './json-text.js';

/** A string or a number of a JSON text. */
const token = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

// a double holds every number of 15 digits; the digits of a string only cost another look
const inexact = /(?:\d\.?){16}|\d[eE][+-]?\d/;

/** Whether a JSON text may have a number that a double cannot hold; `JSON.parse` reads any other as {@link exactJson} does. */
export function mayBeInexact(text: string): boolean {
  return inexact.test(text);
}

const trimmed = (digits: string): string =>
  digits.includes('.') ? digits.replace(/0+$/, '').replace(/\.$/, '') : digits;

/** Whether a number of JSON is the one that a double makes of it. One beyond the range of a double is left to its reader. */
const isExact = (number: string): boolean => {
  const value = Number(number);
  return !Number.isFinite(value) || trimmed(numericText(number)) === trimmed(numericText(String(value)));
};

// no stored text has a NUL, so a text that begins with one stands for a number
const mark = '\\u0000';

/**
 * Reads a JSON text. A number that a double cannot hold becomes a text of NUL and its digits, which {@link jsonbText} and
 * {@link exactJsonText} write as that number.
 *
 * @throws SyntaxError
 */
export function exactJson(text: string): unknown {
  if (!mayBeInexact(text)) return JSON.parse(text);
  return JSON.parse(
    text.replace(token, (found) =>
      found.startsWith('"') || isExact(found) ? found : `"${mark}${numericText(found)}"`,
    ),
  );
}

const marked = /"\\u0000(-?\d+(?:\.\d+)?)"/g;

/**
 * Returns a JSON text as a session writes it (`JSON.stringify`), but with every digit of a number that a double cannot hold.
 *
 * @throws SyntaxError
 */
export function exactJsonText(text: string): string {
  const written = JSON.stringify(exactJson(text));
  return written.includes(mark) ? written.replaceAll(marked, '$1') : written;
}
