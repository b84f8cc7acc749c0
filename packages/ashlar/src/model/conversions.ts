import type { ArrayElement, ColumnKind, StoredForm } from '../contract/column.js';
import { isBigintText } from './bigint.js';
import { decimalText, isDecimalOf, scaledDecimal } from './decimal.js';

/** A value in the stored form of its kind, as a session would return it without a codec. */
export type StoredValue = string | number | boolean;

/** What a conversion does with one value. */
interface Conversion {
  /** Returns the converted value; `undefined` if the value has no equal in the new form, so that the step fails. */
  readonly convert: (value: StoredValue, from: StoredForm, to: StoredForm) => StoredValue | undefined;
  /** A value that does not convert; `undefined` if every value does. */
  readonly fails: (from: StoredForm, to: StoredForm) => StoredValue | undefined;
}

const never = (): undefined => undefined;
const always =
  (value: StoredValue): Conversion['fails'] =>
  () =>
    value;

const asText: Conversion = { convert: String, fails: never };

const readText = (read: (text: string, to: StoredForm) => StoredValue | undefined): Conversion => ({
  convert: (value, _from, to) => read(String(value), to),
  fails: always('05 '),
});

const canonicalInteger = (text: string): number | undefined => {
  const value = Number(text);
  return /^(0|-?[1-9]\d*)$/.test(text) && Number.isSafeInteger(value) ? value : undefined;
};

const canonicalBigint = (text: string): string | undefined => (isBigintText(text) ? text : undefined);

// undefined if a digit that is not zero would be lost, or too many are left
const rescaled = (scaled: bigint, scale: number, { digits }: StoredForm): string | undefined => {
  if (!digits) return undefined;
  const factor = 10n ** BigInt(Math.abs(digits.scale - scale));
  if (digits.scale < scale && scaled % factor !== 0n) return undefined;
  const text = decimalText(digits.scale < scale ? scaled / factor : scaled * factor, digits.scale);
  return isDecimalOf(text, digits) ? text : undefined;
};

const wholeOf = (text: string, { digits }: StoredForm): number | undefined => {
  const factor = 10n ** BigInt(digits?.scale ?? 0);
  const scaled = scaledDecimal(text);
  const whole = Number(scaled / factor);
  return scaled % factor === 0n && Number.isSafeInteger(whole) ? whole + 0 : undefined;
};

/** Returns whether a text is a day as a column of dates holds it. */
export const isDate = (text: string): boolean => {
  if (!/^(?!0000)\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00.000Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
};

const timestampForms = {
  3: /^.{10}T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/,
  6: /^.{10}T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}Z$/,
} as const;

/** Returns whether a text is a time as a column with so many fractional digits holds it. */
export const isTimestamp = (text: string, { precision }: Pick<StoredForm, 'precision'>): boolean =>
  timestampForms[precision].test(text) && isDate(text.slice(0, 10));

const midnight = ({ precision }: StoredForm): string => `T00:00:00.${'0'.repeat(precision)}Z`;

/** The text of a UUID. */
export const uuidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Every conversion that a generated step makes, without SQL: what a value becomes. Each has a way back. A conversion
 * keeps the value or fails; nothing is rounded, cut or guessed.
 *
 * A new kind adds its pairs here, and each dialect its SQL (`engines/…/schema/conversions.ts`).
 */
const conversions = {
  'text → integer': readText(canonicalInteger),
  'integer → text': asText,
  'text → bigint': readText(canonicalBigint),
  'bigint → text': asText,
  'integer → bigint': asText,
  'bigint → integer': {
    convert: (value) => canonicalInteger(String(value)),
    fails: always('9007199254740992'),
  },
  'text → decimal': readText((text, { digits }) => (digits && isDecimalOf(text, digits) ? text : undefined)),
  'decimal → text': asText,
  'integer → decimal': {
    convert: (value, _from, to) => rescaled(BigInt(value), 0, to),
    fails: (_from, { digits }) =>
      digits && digits.total - digits.scale < 16 ? 10 ** (digits.total - digits.scale) : undefined,
  },
  'decimal → integer': {
    convert: (value, from) => wholeOf(String(value), from),
    fails: ({ digits }) => (digits && digits.scale > 0 ? `0.${'5'.padEnd(digits.scale, '0')}` : undefined),
  },
  'decimal → decimal': {
    convert: (value, from, to) => rescaled(scaledDecimal(String(value)), from.digits?.scale ?? 0, to),
    fails: ({ digits: from }, { digits: to }) => {
      if (!from || !to) return undefined;
      if (from.scale > to.scale) return decimalText(1n, from.scale);
      return from.total - from.scale > to.total - to.scale
        ? decimalText(10n ** BigInt(from.total - 1), from.scale)
        : undefined;
    },
  },
  'text → boolean': readText((text) => ({ true: true, false: false })[text]),
  'boolean → text': asText,
  'text → uuid': readText((text) => (uuidForm.test(text) ? text : undefined)),
  'uuid → text': asText,
  'text → date': readText((text) => (isDate(text) ? text : undefined)),
  'date → text': asText,
  'text → timestamp': readText((text, to) => (isTimestamp(text, to) ? text : undefined)),
  'timestamp → text': asText,
  'integer → boolean': {
    convert: (value) => (value === 1 ? true : value === 0 ? false : undefined),
    fails: always(2),
  },
  'boolean → integer': { convert: Number, fails: never },
  'integer → real': { convert: Number, fails: never },
  'real → integer': {
    // 0 and −0 are equal
    convert: (value) => (Number.isSafeInteger(value) ? Number(value) + 0 : undefined),
    fails: always(0.5),
  },
  'date → timestamp': { convert: (value, _from, to) => `${value}${midnight(to)}`, fails: never },
  'timestamp → date': {
    convert: (value, from) =>
      String(value).endsWith(midnight(from)) ? String(value).slice(0, 10) : undefined,
    fails: ({ precision }) => `2024-02-29T00:00:00.${'1'.padStart(precision, '0')}Z`,
  },
  'timestamp → timestamp': {
    convert: (value, from, to) => {
      const text = String(value);
      if (from.precision < to.precision) return `${text.slice(0, -1)}000Z`;
      return text.endsWith('000Z') ? `${text.slice(0, -4)}Z` : undefined;
    },
    fails: (from) => (from.precision === 6 ? '2024-02-29T00:00:00.000001Z' : undefined),
  },
} as const satisfies Partial<Record<`${ColumnKind} → ${ColumnKind}`, Conversion>>;

/** The name of a conversion: the two kinds. */
export type ConversionName = keyof typeof conversions;

/** A conversion between the forms of a column before and after a step. */
export interface FormConversion {
  readonly name: ConversionName;
  readonly from: StoredForm;
  readonly to: StoredForm;
}

/** Returns the form of the elements of an array in words; `undefined` for what is no array. */
export function elementForm(element: ArrayElement | undefined): string | undefined {
  return element?.kind === 'timestamp' ? `timestamp with ${element.precision} digits` : element?.kind;
}

/** Returns whether two columns store the same value in the same way. */
export function sameForm(a: StoredForm, b: StoredForm): boolean {
  const [one, other] = [a.digits, b.digits];
  if (one?.scale !== other?.scale || one?.total !== other?.total) return false;
  if (elementForm(a.element) !== elementForm(b.element)) return false;
  return a.kind === b.kind && a.precision === b.precision && a.encrypted === b.encrypted;
}

const isConversion = (name: string): name is ConversionName => Object.hasOwn(conversions, name);

/** Returns the conversion between two different forms; `undefined` if no generated step makes it. */
export function conversionBetween(from: StoredForm, to: StoredForm): FormConversion | undefined {
  const name = `${from.kind} → ${to.kind}`;
  if (from.encrypted || to.encrypted || !isConversion(name)) return undefined;
  return { name, from, to };
}

/** Returns what a value becomes; NULL stays NULL, and `undefined` means that the step fails. */
export function converted(
  { name, from, to }: FormConversion,
  value: StoredValue | null,
): StoredValue | null | undefined {
  const conversion: Conversion = conversions[name];
  return value === null ? null : conversion.convert(value, from, to);
}

/** Returns a value that a conversion must refuse; `undefined` if it takes every value. */
export function unconvertible({ name, from, to }: FormConversion): StoredValue | undefined {
  const conversion: Conversion = conversions[name];
  return conversion.fails(from, to);
}

/** Returns the form in words: `timestamp with 6 digits`, `array of text`, `encrypted column`. */
export function formText({ kind, precision, encrypted, digits, element }: StoredForm): string {
  if (encrypted) return 'encrypted';
  if (digits) return `decimal(${digits.total}, ${digits.scale})`;
  if (element) return `array of ${elementForm(element)}`;
  return kind === 'timestamp' ? `timestamp with ${precision} digits` : kind;
}
