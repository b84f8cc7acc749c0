import type { ResultKind } from '../../../contract/answers.js';
import type { Column, ValueForm } from '../../../contract/column.js';
import { AshlarError } from '../../../errors.js';
import { heldArray } from '../../../model/array.js';
import { decimalText, scaledDecimal } from '../../../model/decimal.js';
import { unstorableEscape } from '../../../model/storable.js';

/** Converts a column's value to its stored form on SQLite. The value must have passed the table's schema. */
export function encode(column: ValueForm, value: unknown): unknown {
  if (value === undefined || (value === null && (column.kind !== 'json' || column.nullable))) return null;
  switch (column.kind) {
    case 'boolean':
      return value ? 1 : 0;
    case 'json':
    case 'array':
      return JSON.stringify(value);
    case 'bytes':
      return asBuffer(value as Uint8Array);
    case 'bigint':
      return BigInt(value as string);
    case 'decimal':
      return scaledDecimal(value as string);
    case 'text':
    case 'integer':
    case 'real':
    case 'uuid':
    case 'timestamp':
    case 'date':
    case 'inet':
      return value;
  }
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * Converts parameters to values that the driver can bind; returns the given array itself if no parameter needs
 * converting.
 *
 * @throws AshlarError `value-invalid` for a Date, `undefined`, NaN, a function or a symbol; `value-unstorable` for
 *   text that would not be read back unchanged
 */
export function bindable(parameters: readonly unknown[]): readonly unknown[] {
  let bound: unknown[] | undefined;
  for (let i = 0; i < parameters.length; i++) {
    const given = parameters[i];
    if (given === null) continue;
    if (typeof given === 'string') {
      if (given.includes('\0') || !given.isWellFormed()) throw unstorable(i, given);
    } else if (typeof given === 'number') {
      if (Number.isNaN(given)) throw invalid(i, 'NaN', 'SQLite would store NULL.', 'Pass a number, or null.');
      // the driver binds every number as a REAL: 7 / 2 would be 3.5, and 5 || '' would be 5.0
      if (!Number.isSafeInteger(given)) continue;
      bound ??= [...parameters];
      bound[i] = BigInt(given);
    } else {
      const value = bindableObject(given, i);
      if (value === given) continue;
      bound ??= [...parameters];
      bound[i] = value;
    }
  }
  return bound ?? parameters;
}

const bindableObject = (given: unknown, i: number): unknown => {
  switch (typeof given) {
    case 'boolean':
      return given ? 1 : 0;
    case 'bigint':
      return given;
    case 'object':
      if (given instanceof Uint8Array) return asBuffer(given);
      if (given instanceof Date) {
        throw invalid(i, 'a Date', 'Times are stored as ISO 8601 text.', 'Use date.toISOString().');
      }
      return jsonText(given as object, i);
    case 'undefined':
      throw invalid(
        i,
        'undefined',
        'It could mean NULL, or that the column is left out.',
        'Pass null, or leave the column out.',
      );
    default:
      throw invalid(
        i,
        `a ${typeof given}`,
        'It has no stored form.',
        'Pass a string, number, boolean, bytes or JSON.',
      );
  }
};

const jsonText = (value: object, i: number): string => {
  const prototype = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) {
    throw invalid(
      i,
      'an object of a class',
      'Only plain objects and arrays are JSON.',
      'Pass a plain object.',
    );
  }
  let text: string;
  try {
    text = JSON.stringify(value);
  } catch {
    throw invalid(
      i,
      'an object with no JSON form',
      'It contains itself, or a bigint.',
      'Pass plain objects and arrays.',
    );
  }
  // JSON.stringify escapes NUL and lone surrogates, which text cannot hold
  if (unstorableEscape(text) !== undefined) throw unstorable(i, '\0');
  return text;
};

const invalid = (i: number, what: string, detail: string, suggestion: string): AshlarError =>
  new AshlarError('value-invalid', { message: `Parameter ${i + 1} is ${what}.`, detail, suggestion });

const unstorable = (i: number, text: string): AshlarError =>
  new AshlarError('value-unstorable', {
    message: `Parameter ${i + 1} is text that not every engine can store.`,
    detail: text.includes('\0')
      ? 'It contains NUL (U+0000) or a lone surrogate.'
      : 'It contains a lone surrogate, which has no UTF-8 form.',
    suggestion: 'Remove the character, or store the value in a bytes() column.',
  });

/** A function that converts a stored value to the type that its column's Zod schema describes. */
export type Decode = (value: unknown) => unknown;

type Corrupt = (why: string, cause?: unknown) => AshlarError;

/**
 * Returns the function that decodes a column's stored values to the application's; `undefined` if they are stored
 * without conversion.
 */
export function decoderOf(column: Column): Decode | undefined {
  const stored = decoderFor(
    column,
    (why, cause) =>
      new AshlarError('value-corrupt', {
        message: `A stored value of ${column.table}.${column.name} cannot be read back.`,
        detail: why,
        suggestion: 'Find the program that wrote it: the CHECK constraint of the column refuses such values.',
        cause,
      }),
  );
  const { codec } = column;
  if (!codec) return stored;
  return stored
    ? (value) => (value === null ? null : codec.decode(stored(value)))
    : (value) => codec.decode(value);
}

/** Returns the function that decodes the computed values of a result column of a known kind. */
export function resultDecoder(name: string, { codec, ...form }: ResultKind): Decode | undefined {
  const stored = computedDecoder(name, form);
  if (!codec) return stored;
  return (value) => (value === null ? null : codec.decode(stored ? stored(value) : value));
}

const resultCorrupt =
  (name: string): Corrupt =>
  (why, cause) =>
    new AshlarError('value-corrupt', {
      message: `A value of the result column ${name} cannot be returned exactly.`,
      detail: why,
      suggestion: 'Cast the expression to text in the query.',
      cause,
    });

const computedDecoder = (name: string, form: Form): Decode | undefined => {
  const corrupt = resultCorrupt(name);
  if (form.kind !== 'integer') return decoderFor(form, corrupt);
  return (value) => {
    if (typeof value === 'number' && !Number.isSafeInteger(value)) throw corrupt(beyondExact);
    return value;
  };
};

const beyondExact = 'An integer is beyond 2^53.';

/**
 * Returns the function that decodes the values of a result column which the driver read exactly: each integer as a
 * bigint.
 *
 * @param decode - the decoder of the values that the driver reads as numbers
 * @param isExact - whether the decoder takes integers as bigints
 */
export function exactDecoder(name: string, decode: Decode | undefined, isExact: boolean): Decode | undefined {
  if (isExact) return decode;
  return (value) => {
    const number = exactNumber(name, value);
    return decode ? decode(number) : number;
  };
}

/**
 * Returns the number for an integer that the driver read as a bigint, and any other value as it is.
 *
 * @throws AshlarError `value-corrupt` for an integer beyond 2^53
 */
export function exactNumber(name: string, value: unknown): unknown {
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw resultCorrupt(name)(beyondExact);
  return number;
}
/** Returns bytes as a plain Uint8Array, as every engine does, and other values as they are. */
export const withoutBuffer: Decode = (value) =>
  typeof value === 'object' && value instanceof Uint8Array ? new Uint8Array(value) : value;

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

type Form = Pick<ResultKind, 'kind' | 'digits' | 'element'>;

const decoderFor = ({ kind, digits, element }: Form, corrupt: Corrupt): Decode | undefined => {
  switch (kind) {
    case 'boolean':
      return (value) => {
        if (value === 1) return true;
        if (value === 0) return false;
        if (value === null) return null;
        throw corrupt('A boolean is stored as 0 or 1.');
      };
    case 'json':
      return (value) => {
        if (value === null) return null;
        if (typeof value !== 'string') throw corrupt('JSON is stored as text.');
        try {
          return JSON.parse(value);
        } catch (cause) {
          throw corrupt('The stored text is not JSON.', cause);
        }
      };
    case 'array':
      return (value) => {
        if (value === null) return null;
        const held = element && typeof value === 'string' ? heldArray(element, parsed(value)) : undefined;
        if (!held) throw corrupt('It is no array with elements of its column.');
        return held;
      };
    case 'bytes':
      return withoutBuffer;
    case 'bigint':
      return (value) => {
        if (typeof value === 'bigint' || Number.isSafeInteger(value)) return String(value);
        if (value === null) return null;
        throw corrupt('It is not an integer within −2^63 and 2^63 − 1.');
      };
    case 'decimal':
      return (value) => {
        if (typeof value === 'bigint') return decimalText(value, digits?.scale ?? 0);
        if (value === null) return null;
        throw corrupt('It is not an integer of 64 bits.');
      };
    case 'text':
    case 'integer':
    case 'real':
    case 'uuid':
    case 'timestamp':
    case 'date':
    case 'inet':
      return undefined;
  }
};
