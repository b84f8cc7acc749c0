import { z } from 'zod';
import type { DecimalDigits } from '../contract/column.js';
import { boundedBigint } from './bigint.js';
import { columnHints } from './column-types.js';

/** The most digits of a decimal whose scaled value is an integer of 64 bits. */
export const mostScaledDigits = 18;

// what PostgreSQL's numeric holds
const mostDigits = 1_000;

const form = /^-?(?:0|[1-9]\d*)(?:\.(\d+))?$/;

/** Returns the value of a decimal's text times 10^scale: `12.30` → 1230n. */
export function scaledDecimal(text: string): bigint {
  return BigInt(text.replace('.', ''));
}

/** Returns the text of a scaled decimal with exactly `scale` digits after the point: 1230n → `12.30`. */
export function decimalText(scaled: bigint, scale: number): string {
  return withPoint(String(scaled), scale);
}

/** Returns the digits of a scaled decimal with a point before the last `scale` of them: `-5` → `-0.05`. */
export function withPoint(scaled: string, scale: number): string {
  const sign = scaled.startsWith('-') ? '-' : '';
  const digits = scaled.slice(sign.length).padStart(scale + 1, '0');
  return `${sign}${digits.slice(0, digits.length - scale)}${scale === 0 ? '' : `.${digits.slice(-scale)}`}`;
}

/** Returns the greatest scaled value of a decimal with that many digits. */
export function greatestScaled({ total }: DecimalDigits): bigint {
  return 10n ** BigInt(total) - 1n;
}

/** Returns whether a value is the canonical text of a decimal, without −0; it may have any number of digits before the point. */
export function isDecimalText(value: unknown, scale: number): value is string {
  if (typeof value !== 'string') return false;
  const [match, fraction = ''] = form.exec(value) ?? [];
  return match !== undefined && fraction.length === scale && !(value.startsWith('-') && !/[1-9]/.test(value));
}

/** Returns whether a value is the canonical text of a decimal that a column with these digits can hold. */
export function isDecimalOf(value: unknown, digits: DecimalDigits): value is string {
  if (!isDecimalText(value, digits.scale)) return false;
  const scaled = scaledDecimal(value);
  return (scaled < 0n ? -scaled : scaled) <= greatestScaled(digits);
}

/**
 * Returns a computed decimal as the database wrote it; `undefined` if it is none of this scale, or beyond what every
 * engine that has such columns can compute.
 */
export function computedDecimal(value: unknown, { total, scale }: DecimalDigits): string | undefined {
  if (!isDecimalText(value, scale)) return undefined;
  const scaled = scaledDecimal(value);
  return total > mostScaledDigits || boundedBigint(scaled) === scaled ? value : undefined;
}

/** A number or text as an exact decimal: the value is `scaled` / 10^`scale`; `undefined` if it is none. */
export function exactDecimal(
  value: unknown,
): { readonly scaled: bigint; readonly scale: number } | undefined {
  if (typeof value === 'bigint') return { scaled: value, scale: 0 };
  const text = typeof value === 'number' ? String(value) : value;
  const [, sign = '', whole, fraction = '', exponent = '0'] =
    (typeof text === 'string' && /^(-?)(\d{1,1000})(?:\.(\d{1,1000}))?(?:e([+-]\d{1,3}))?$/.exec(text)) || [];
  if (whole === undefined) return undefined;
  const scaled = BigInt(`${sign}${whole}${fraction}`);
  const scale = fraction.length - Number(exponent);
  return scale < 0 ? { scaled: scaled * 10n ** BigInt(-scale), scale: 0 } : { scaled, scale };
}

/** Bounds of a decimal column, which the database checks, too. */
export interface DecimalOptions {
  /** The least value, with exactly the digits of the column: `'0.00'`. */
  readonly min?: string;
  /** The greatest value, with exactly the digits of the column. */
  readonly max?: string;
}

const invalid = (what: string): TypeError => new TypeError(`decimal(): ${what}`);

/**
 * Declares a column of exact decimals, for example of money: text with exactly `scale` digits after the point (`12.30`),
 * and never −0. The column type is `NUMERIC(total, scale)` on PostgreSQL and `INTEGER` on SQLite, which holds the value
 * times 10^`scale`. SQLite refuses a column of more than 18 digits.
 *
 * Decimals are compared as numbers, and computed with exactly: `sum`, `min`, `max`, `coalesce`, CASE, `+` and `-` with
 * the same scale, and `*` by a whole number. A literal beside one takes its scale.
 *
 * @param total - the most digits, from 1 to 1000
 * @param scale - how many of them are after the point, from 0 to `total`
 * @throws TypeError for digits out of range, and for bounds that are no decimals of the column
 *
 * @example
 * table('invoices', { id: id(), amount: decimal(12, 2, { min: '0.00' }) })
 */
export function decimal(total: number, scale: number, { min, max }: DecimalOptions = {}): z.ZodString {
  if (!Number.isInteger(total) || total < 1 || total > mostDigits)
    throw invalid(`the number of digits is from 1 to ${mostDigits}.`);
  if (!Number.isInteger(scale) || scale < 0 || scale > total)
    throw invalid('the number of digits after the point is from 0 to the number of digits.');
  const digits = { total, scale };
  for (const bound of [min, max])
    if (bound !== undefined && !isDecimalOf(bound, digits))
      throw invalid(`${bound} is no value of the column.`);
  const most = greatestScaled(digits);
  const [least, greatest] = [min ?? decimalText(-most, scale), max ?? decimalText(most, scale)];
  const type = z
    .string()
    .refine(
      (text) =>
        isDecimalOf(text, digits) &&
        scaledDecimal(text) >= scaledDecimal(least) &&
        scaledDecimal(text) <= scaledDecimal(greatest),
      { error: `Expected a decimal from ${least} to ${greatest} with ${scale} digits after the point` },
    );
  columnHints.add(type, { kind: 'decimal', digits, least, most: greatest });
  return type;
}
