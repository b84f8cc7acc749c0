import { literal } from '../model/index.js';

const values: readonly (readonly [type: RegExp, value: string])[] = [
  [/\[\]$/, '{}'],
  [/^(timestamp|date)/i, '2026-01-01 00:00:00'],
  [/^time\b/i, '12:00:00'],
  [/^interval\b/i, '1 day'],
  [/^(numeric|decimal|money|real|double|float|smallint|int|bigint)/i, '1'],
  [/^jsonb?$/i, '{}'],
];

/** Returns a value of a type of the database that no kind of column describes, as SQL; `undefined` for a text, and a type that is not known. */
export function nativeValue(type: string): string | undefined {
  const found = values.find(([pattern]) => pattern.test(type))?.[1];
  return found === undefined ? undefined : literal(found);
}
