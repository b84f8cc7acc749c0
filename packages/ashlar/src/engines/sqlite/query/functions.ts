import { jsonAsText, jsonbText, realText } from '../../json-text.js';
import type { DriverDatabase } from '../driver/driver.js';

/** The SQL functions that every connection has, for queries that SQLite would answer differently from PostgreSQL. */
export const functions = {
  like: 'ashlar_like',
  json: 'ashlar_json',
  jsonText: 'ashlar_json_text',
  jsonbText: 'ashlar_jsonb_text',
  realText: 'ashlar_real_text',
  integer: 'ashlar_integer',
  mergedJson: 'ashlar_merged_json',
} as const;

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, sorted(each)]));
};

/** Returns JSON as text that is the same for all values that are equal as JSON: keys in order, without spaces. */
export function comparableJsonText(value: unknown): string {
  return JSON.stringify(sorted(value));
}

const escaped = /[\\^$.*+?()[\]{}|/]/g;

/** Returns the regular expression that matches the same text as a LIKE pattern. */
const expressionOf = (pattern: string): RegExp => {
  let source = '';
  const chars = [...pattern];
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at] ?? '';
    if (char === '%') source += '.*';
    else if (char === '_') source += '.';
    else source += (char === '\\' ? (chars[++at] ?? '') : char).replace(escaped, '\\$&');
  }
  return new RegExp(`^${source}$`, 'su');
};

/** Reads a text as JSON; the error of `JSON.parse` would repeat the text, which may be a value of a row. */
const ofJson = (value: unknown, read: (json: string) => unknown): unknown => {
  if (typeof value !== 'string') return value;
  try {
    return read(value);
  } catch {
    throw new SyntaxError('malformed JSON');
  }
};

/** Defines the functions on a connection. @throws the driver's errors */
export function defineFunctions(database: DriverDatabase): void {
  let last: { readonly pattern: string; readonly expression: RegExp } | undefined;
  database.function(functions.like, { deterministic: true }, (value: unknown, pattern: unknown) => {
    if (value === null || pattern === null) return null;
    const text = String(pattern);
    if (last?.pattern !== text) last = { pattern: text, expression: expressionOf(text) };
    return last.expression.test(String(value)) ? 1 : 0;
  });
  database.function(functions.json, { deterministic: true }, (value: unknown) =>
    ofJson(value, (json) => comparableJsonText(JSON.parse(json))),
  );
  database.function(functions.jsonText, { deterministic: true }, (value: unknown) =>
    ofJson(value, jsonAsText),
  );
  database.function(functions.jsonbText, { deterministic: true }, (value: unknown) =>
    ofJson(value, (json) => jsonbText(JSON.parse(json))),
  );
  database.function(functions.realText, { deterministic: true }, (value: unknown) =>
    typeof value === 'number' ? realText(value) : value,
  );
  database.function(functions.mergedJson, { deterministic: true }, (one: unknown, other: unknown) =>
    typeof one === 'string' && typeof other === 'string'
      ? JSON.stringify(merged(JSON.parse(one), JSON.parse(other)))
      : null,
  );
  database.function(functions.integer, { deterministic: true }, (value: unknown) =>
    typeof value === 'number' && Number.isFinite(value) ? BigInt(nearest(value)) : value,
  );
}

/** Returns what `||` of PostgreSQL makes of two JSON values. */
const merged = (one: unknown, other: unknown): unknown => {
  const [isOne, isOther] = [one, other].map(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  );
  return isOne && isOther ? { ...(one as object), ...(other as object) } : [one, other].flat(1);
};

/** Returns the nearest integer, of two the even one. */
const nearest = (value: number): number => {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest === 0.5) return below % 2 === 0 ? below : below + 1;
  return rest < 0.5 ? below : below + 1;
};
