import type { Column } from '../contract/column.js';
import { isElement } from './array.js';
import { isBigintText } from './bigint.js';
import { isDecimalOf } from './decimal.js';

// PostgreSQL and SQLite differ in how deep JSON may be; both accept this
const deepestJson = 512;

const textProblem = (text: string): string | undefined => {
  if (text.includes('\0')) return 'text cannot hold the NUL character (U+0000) on PostgreSQL';
  if (!text.isWellFormed()) return 'text with a lone surrogate has no UTF-8 form';
  return undefined;
};

/** Returns whether every engine can store a text and return it unchanged. */
export function isStorableText(text: string): boolean {
  return textProblem(text) === undefined;
}

// after an even number of backslashes, \u begins an escape
const unstorable = /(?<!\\)(?:\\\\)*\\u(0000|d[89a-f])/;

/**
 * Returns the first escape in a text of `JSON.stringify` that stands for what no engine stores: `0000` for NUL,
 * otherwise the beginning of a lone surrogate; `undefined` if there is none.
 */
export function unstorableEscape(json: string): string | undefined {
  return json.includes('\\u') ? unstorable.exec(json)?.[1] : undefined;
}

const numberProblem = (value: number): string | undefined => {
  if (Object.is(value, -0)) return 'some engines return minus zero as zero; write 0';
  if (!Number.isFinite(value)) return 'infinity and NaN cannot be stored on every engine';
  return undefined;
};

const jsonProblem = (value: unknown, depth = 0): string | undefined => {
  if (typeof value === 'string') return textProblem(value);
  if (typeof value === 'number') return numberProblem(value);
  if (value === null || typeof value === 'boolean') return undefined;
  if (typeof value !== 'object') return `JSON has no ${typeof value}`;
  if (depth >= deepestJson) return `JSON may be at most ${deepestJson} levels deep`;
  if (Array.isArray(value)) {
    for (const item of value) {
      const problem = jsonProblem(item, depth + 1);
      if (problem) return problem;
    }
    return undefined;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    return 'JSON can contain only plain objects and arrays';
  for (const [key, item] of Object.entries(value)) {
    if (key === '__proto__') return 'Zod drops the JSON key __proto__';
    const problem = textProblem(key) ?? (item === undefined ? undefined : jsonProblem(item, depth + 1));
    if (problem) return problem;
  }
  return undefined;
};

const characters = (text: string): number => {
  let count = 0;
  for (const _ of text) count++;
  return count;
};

const lengthProblem = (text: string, column: Column): string | undefined => {
  const least = column.rules.minLength;
  if (least === undefined || text.length >= least * 2 || characters(text) >= least) return undefined;
  // Zod counts UTF-16 units, databases count characters: an emoji is two units and one character
  return `the database requires at least ${least} characters and counts Unicode code points`;
};

const sizeProblem = (bytes: number, { rules: { maxBytes } }: Column): string | undefined =>
  maxBytes === undefined || bytes <= maxBytes
    ? undefined
    : `a value in a key or an index takes at most ${maxBytes} bytes here, because PostgreSQL can index no more`;

const timestampProblem = (text: string, column: Column): string | undefined => {
  const expected = column.precision === 3 ? 24 : 27;
  if (text.length !== expected) {
    return `a time must have exactly ${column.precision} fractional digits of the second (${
      column.precision === 3 ? '2026-01-31T08:00:00.000Z' : '2026-01-31T08:00:00.000000Z'
    })`;
  }
  return yearProblem(text);
};

const yearProblem = (text: string): string | undefined =>
  text.startsWith('0000') ? 'PostgreSQL has no year 0' : undefined;

const uuidProblem = (text: string): string | undefined =>
  text === text.toLowerCase() ? undefined : 'a UUID must be in lower case (RFC 9562 section 4)';

const decimalProblem = (value: unknown, { digits }: Column): string | undefined =>
  digits && !isDecimalOf(value, digits)
    ? `a decimal has at most ${digits.total} digits, of which exactly ${digits.scale} are after the point`
    : undefined;

// JSON has several texts for such a character, and arrays are compared as text on SQLite
const hasEscapedCharacter = (text: string): boolean =>
  JSON.stringify(text).replaceAll('\\\\', '').includes('\\u');

const arrayProblem = (value: unknown, column: Column): string | undefined => {
  const { element } = column;
  if (!element || !Array.isArray(value)) return undefined;
  const of = { ...column, ...element, rules: {}, element: undefined };
  for (const each of value) {
    const problem = checks[element.kind]?.(each as never, of);
    if (problem) return problem;
    if (!isElement(element, each)) return `an element is no ${element.kind}`;
    if (typeof each === 'string' && hasEscapedCharacter(each))
      return 'the text of an array has a control character, which SQLite stores in several ways';
  }
  return undefined;
};

const bigintProblem = (value: unknown): string | undefined =>
  isBigintText(value) ? undefined : 'an integer must be within −2^63 and 2^63 − 1';

type Check = (value: never, column: Column) => string | undefined;

const checks: Readonly<Record<Column['kind'], Check | undefined>> = {
  text: (value: string, column: Column) =>
    typeof value === 'string'
      ? (textProblem(value) ?? lengthProblem(value, column) ?? sizeProblem(Buffer.byteLength(value), column))
      : undefined,
  bytes: (value: Uint8Array, column: Column) => sizeProblem(value.byteLength, column),
  integer: numberProblem as Check,
  bigint: bigintProblem as Check,
  decimal: decimalProblem as Check,
  real: numberProblem as Check,
  uuid: uuidProblem as Check,
  timestamp: timestampProblem as Check,
  date: yearProblem as Check,
  json: ((value: unknown) => jsonProblem(value)) as Check,
  array: arrayProblem as Check,
  boolean: undefined,
  inet: undefined,
};

/**
 * Returns the reason why a value that Zod accepts cannot be stored and read back unchanged on every engine;
 * `undefined` if it can. The round-trip rule of Ashlar: what is accepted comes back exactly as it went in.
 */
export function storageProblem(column: Column, value: unknown): string | undefined {
  // an encrypted value must come back as it was, too
  const shown = column.plaintext ?? column;
  return value === null && column.nullable ? undefined : checks[shown.kind]?.(value as never, shown);
}
