import { AshlarError } from '../../../errors.js';
import { unstorableEscape } from '../../../model/storable.js';
import type { WireValue } from './channel.js';

const unstorable = (position: number, why: string): AshlarError =>
  new AshlarError('value-unstorable', {
    message: `Parameter $${position} cannot be stored: ${why}.`,
    suggestion: 'Remove these characters before storing the text.',
  });

const nulCharacter = 'PostgreSQL stores no NUL character (U+0000)';
const loneSurrogate = 'text with a lone surrogate has no UTF-8 form';

const text = (value: string, position: number): string => {
  if (value.includes('\0')) throw unstorable(position, nulCharacter);
  if (!value.isWellFormed()) throw unstorable(position, loneSurrogate);
  return value;
};

const json = (value: object, position: number): string => {
  const written = JSON.stringify(value);
  if (written === undefined) throw invalid(position, 'an object with no JSON form');
  const escaped = unstorableEscape(written);
  if (escaped) throw unstorable(position, escaped === '0000' ? nulCharacter : loneSurrogate);
  return written;
};

const invalid = (position: number, what: string): AshlarError =>
  new AshlarError('value-invalid', {
    message: `Parameter $${position} is ${what}.`,
    detail:
      'Parameters are strings, numbers, booleans, null, Uint8Arrays, or objects and arrays (sent as JSON).',
    suggestion: 'Pass times as ISO 8601 strings (date.toISOString()), and null for no value.',
  });

/**
 * Converts a parameter to the form in which it is sent to the server.
 *
 * @param position - from 1, for the error
 * @throws AshlarError `value-unstorable` (NUL, lone surrogates), `value-invalid` (Date, undefined, NaN, functions)
 */
export function wireValue(value: unknown, position: number): WireValue {
  switch (typeof value) {
    case 'string':
      return text(value, position);
    case 'number':
      if (Number.isNaN(value)) throw invalid(position, 'NaN');
      return String(value);
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'object':
      if (value === null) return null;
      if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      if (value instanceof Date) throw invalid(position, 'a Date');
      return json(value, position);
    default:
      throw invalid(position, value === undefined ? 'undefined' : `a ${typeof value}`);
  }
}

/**
 * Converts parameters to the form in which they are sent to the server.
 *
 * @throws AshlarError `value-unstorable`, `value-invalid`
 */
export function wireValues(parameters: readonly unknown[]): WireValue[] {
  const values = new Array<WireValue>(parameters.length);
  for (let i = 0; i < parameters.length; i++) values[i] = wireValue(parameters[i], i + 1);
  return values;
}
