import { AshlarError } from '../errors.js';
import { canonicalAddress, computedDecimal, heldArray } from '../model/index.js';
import type { Meaning, NestedRows } from './scope.js';

const corrupt = (name: string, why: string): AshlarError =>
  new AshlarError('value-corrupt', {
    message: `A value of the nested column ${name} cannot be read back.`,
    detail: why,
  });

const cell = (name: string, meaning: Meaning | undefined, value: unknown): unknown => {
  if (value === null || !meaning) return value;
  if (meaning.rows) return nestedValue(meaning.rows, value);
  const stored = storedCell(name, meaning, value);
  return meaning.codec ? meaning.codec.decode(stored) : stored;
};

const storedCell = (name: string, meaning: Meaning, value: unknown): unknown => {
  switch (meaning.kind) {
    case 'boolean':
      return typeof value === 'number' ? value !== 0 : value;
    case 'bytes':
      return new Uint8Array(Buffer.from(value as string, 'hex'));
    case 'inet':
      return canonicalAddress(value as string);
    case 'integer':
      if (!Number.isSafeInteger(value)) throw corrupt(name, 'The integer is beyond 2^53.');
      return value;
    case 'decimal': {
      const text = meaning.digits && computedDecimal(value, meaning.digits);
      if (text === undefined) throw corrupt(name, 'It is no decimal of its scale.');
      return text;
    }
    case 'array': {
      const held = meaning.element && heldArray(meaning.element, value);
      if (!held) throw corrupt(name, 'It is no array with elements of its column.');
      return held;
    }
    case 'text':
    case 'bigint':
    case 'real':
    case 'uuid':
    case 'timestamp':
    case 'date':
    case 'json':
      return value;
  }
};

/**
 * Returns the rows that `nested` selects, from the JSON that the database returns.
 *
 * @throws AshlarError `value-corrupt`
 */
export function nestedValue({ one, columns }: NestedRows, json: unknown): unknown {
  const row = (cells: readonly unknown[]): Record<string, unknown> =>
    Object.fromEntries(columns.map(({ name, meaning }, at) => [name, cell(name, meaning, cells[at])]));
  if (one) return json === null ? null : row(json as readonly unknown[]);
  return (json as readonly (readonly unknown[])[]).map(row);
}
