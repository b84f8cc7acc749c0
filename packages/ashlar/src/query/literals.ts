import type { DecimalDigits, DeclaredElement } from '../contract/column.js';
import {
  bigintBounds,
  bigintForm,
  boundedBigint,
  canonicalAddress,
  decimalText,
  exactDecimal,
  int32,
  isBigintText,
  isCanonicalAddress,
  isNarrow,
  mostScaledDigits,
  timestampText,
} from '../model/index.js';
import { isStorableText, unstorableEscape } from '../model/storable.js';
import type { Form } from './scope.js';

/** A literal in a condition, as it is compared with a column. */
export type Comparand =
  /** The literal has the form of the column's values. */
  | { readonly form: 'exact'; readonly value: unknown }
  /**
   * No value of the column equals the literal; it lies between these two, which can be compared with the column.
   * `undefined` means that the column has no value on that side.
   */
  | { readonly form: 'between'; readonly below: unknown; readonly above: unknown }
  /** No value of the column equals the literal, or can be ordered with it. */
  | { readonly form: 'impossible' };

const impossible: Comparand = { form: 'impossible' };
const exact = (value: unknown): Comparand => ({ form: 'exact', value });

// every stored integer lies between these two
const beyond = 2 ** 53;

const integer = (given: unknown): Comparand => {
  const value = typeof given === 'bigint' ? Number(given) : given;
  if (typeof value !== 'number' || Number.isNaN(value)) return impossible;
  if (Math.abs(value) >= beyond) {
    const edge = Math.sign(value) * beyond;
    return { form: 'between', below: edge, above: edge };
  }
  if (Number.isInteger(value)) return exact(value === 0 ? 0 : value);
  return { form: 'between', below: Math.floor(value), above: Math.ceil(value) };
};

const bigint = (given: unknown): Comparand => {
  if (typeof given === 'number') {
    if (Number.isNaN(given)) return impossible;
    if (!Number.isFinite(given)) return beyondBigint(given > 0);
    if (Number.isInteger(given)) return bigint(BigInt(given));
    const [below, above] = [Math.floor(given), Math.ceil(given)].map((each) => bigint(BigInt(each)));
    return below?.form === 'exact' && above?.form === 'exact'
      ? { form: 'between', below: below.value, above: above.value }
      : beyondBigint(given > 0);
  }
  if (isBigintText(given)) return exact(given);
  if (typeof given !== 'bigint') return impossible;
  return boundedBigint(given) === given ? exact(String(given)) : beyondBigint(given > 0n);
};

const beyondBigint = (isGreater: boolean): Comparand =>
  isGreater
    ? { form: 'between', below: String(bigintBounds.most), above: undefined }
    : { form: 'between', below: undefined, above: String(bigintBounds.least) };

const decimal = (given: unknown, { total, scale }: DecimalDigits): Comparand => {
  const exactly = exactDecimal(given);
  if (!exactly)
    return given === Number.POSITIVE_INFINITY || given === Number.NEGATIVE_INFINITY
      ? beyondDecimal(given > 0, total, scale)
      : impossible;
  const factor = 10n ** BigInt(Math.abs(scale - exactly.scale));
  const isShorter = scale >= exactly.scale;
  const scaled = isShorter ? exactly.scaled * factor : exactly.scaled / factor;
  const rest = isShorter ? 0n : exactly.scaled % factor;
  // every value that is computed of columns has 64 bits; see `computedDecimal`
  if (total <= mostScaledDigits && boundedBigint(scaled) !== scaled)
    return beyondDecimal(scaled > 0n, total, scale);
  if (rest === 0n) return exact(decimalText(scaled, scale));
  // a division of bigints cuts off
  const below = rest < 0n ? scaled - 1n : scaled;
  return { form: 'between', below: decimalText(below, scale), above: decimalText(below + 1n, scale) };
};

const beyondDecimal = (isGreater: boolean, total: number, scale: number): Comparand => {
  const edge = total <= mostScaledDigits ? bigintBounds.most : 10n ** BigInt(total);
  return isGreater
    ? { form: 'between', below: decimalText(edge, scale), above: undefined }
    : { form: 'between', below: undefined, above: decimalText(-edge, scale) };
};

const real = (given: unknown): Comparand => {
  const value = typeof given === 'bigint' ? Number(given) : given;
  return typeof value === 'number' && !Number.isNaN(value) ? exact(value === 0 ? 0 : value) : impossible;
};

const isJson = (value: unknown): boolean => {
  const text = JSON.stringify(value);
  return text !== undefined && unstorableEscape(text) === undefined;
};

/** Returns whether a value is text that a column can hold. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && isStorableText(value);
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const day = /^(\d{4})-(\d\d)-(\d\d)$/;
const instant = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:?\d\d))?$/;

const isDay = (text: string): boolean => {
  const [, year = '', month = '', date = ''] = day.exec(text) ?? [];
  if (year === '' || year === '0000') return false;
  const parsed = new Date(`${text}T00:00:00.000Z`);
  return parsed.getUTCMonth() + 1 === Number(month) && parsed.getUTCDate() === Number(date);
};

const milliseconds = (value: number): string | undefined => {
  const date = new Date(value);
  const text = Number.isNaN(date.getTime()) ? '' : date.toISOString();
  return text.length === 24 && !text.startsWith('0000') ? text : undefined;
};

// a time may be written with any number of digits, and with an offset
const timestamp = (given: unknown, precision: 3 | 6): Comparand => {
  if (given instanceof Date) {
    const text = milliseconds(given.getTime());
    return text === undefined ? impossible : exact(timestampText(text, precision));
  }
  const [, date = '', minutes = '00:00', seconds = '00', fraction = '', zone = 'Z'] =
    (typeof given === 'string' && instant.exec(given)) || [];
  if (!isDay(date)) return impossible;
  const at = Date.parse(`${date}T${minutes}:${seconds}.${fraction.slice(0, 3).padEnd(3, '0')}${zone}`);
  const text = milliseconds(at);
  if (text === undefined) return impossible;
  const rest = fraction.slice(3);
  const written = (base: string, micros: string): string => base.replace('Z', `${micros}Z`);
  const below = precision === 3 ? text : written(text, rest.slice(0, 3).padEnd(3, '0'));
  const lost = /[1-9]/.test(precision === 3 ? rest : rest.slice(3));
  if (!lost) return exact(below);
  const above = precision === 3 ? milliseconds(at + 1) : afterMicros(at, rest.slice(0, 3));
  return above === undefined ? impossible : { form: 'between', below, above };
};

const afterMicros = (at: number, micros: string): string | undefined => {
  const next = Number(micros.padEnd(3, '0')) + 1;
  const text = milliseconds(next === 1_000 ? at + 1 : at);
  return text?.replace('Z', `${String(next % 1_000).padStart(3, '0')}Z`);
};

const address = (value: unknown): Comparand => {
  if (!isText(value)) return impossible;
  let canonical: string;
  try {
    canonical = canonicalAddress(value);
  } catch {
    return impossible;
  }
  return isCanonicalAddress(canonical) ? exact(canonical) : impossible;
};

/**
 * Returns a literal in the form in which it can be compared with the values of a column or of an expression. It is not checked by the column's schema: a
 * search for a value that the column cannot hold finds nothing. For JSON, the value stays as it is.
 */
export function comparand(form: Form, value: unknown): Comparand {
  const { codec } = form;
  if (!codec) return storedComparand(form, value);
  // a number, too, and integers that no column has, which the codec refuses
  if (codec.form === bigintForm) return typeof value === 'string' ? impossible : bigint(value);
  try {
    return storedComparand(form, codec.encode(value));
  } catch {
    // not a value of the application's side
    return impossible;
  }
}

const array = ({ kind, precision, rules }: DeclaredElement, value: unknown): Comparand => {
  if (!Array.isArray(value)) return impossible;
  // PostgreSQL compares no narrow integers of an array with wider ones
  const isHeld = (each: unknown): boolean =>
    typeof each !== 'number' || !isNarrow(rules) || (each >= int32.least && each <= int32.most);
  const found = value.map((each) =>
    storedComparand({ kind, precision, nullable: false, codec: undefined, digits: undefined }, each),
  );
  return found.every((each) => each.form === 'exact') && value.every(isHeld)
    ? exact(found.map((each) => each.value))
    : impossible;
};

const storedComparand = ({ kind, precision, digits, element }: Form, value: unknown): Comparand => {
  switch (kind) {
    case 'integer':
      return integer(value);
    case 'bigint':
      return bigint(value);
    case 'decimal':
      return digits ? decimal(value, digits) : impossible;
    case 'real':
      return real(value);
    case 'boolean':
      return typeof value === 'boolean' ? exact(value) : impossible;
    case 'text':
      return isText(value) ? exact(value) : impossible;
    case 'uuid':
      return typeof value === 'string' && uuid.test(value) ? exact(value) : impossible;
    case 'timestamp':
      return precision === undefined ? impossible : timestamp(value, precision);
    case 'date':
      return typeof value === 'string' && isDay(value) ? exact(value) : impossible;
    case 'inet':
      return address(value);
    case 'bytes':
      return value instanceof Uint8Array ? exact(value) : impossible;
    case 'array':
      return element ? array(element, value) : impossible;
    case 'json':
      return isJson(value) ? exact(value) : impossible;
  }
};
