import { z } from 'zod';
import type { ColumnCodec } from '../contract/column.js';
import { AshlarError } from '../errors.js';
import { columnHints } from './column-types.js';

/** The bounds of a column of the kind bigint, which are those of 64 bits on every engine. */
export const bigintBounds = { least: -(2n ** 63n), most: 2n ** 63n - 1n } as const;

const form = /^(0|-?[1-9]\d{0,18})$/;

/** Returns a bigint within the bounds of a column. */
export function boundedBigint(value: bigint): bigint {
  const { least, most } = bigintBounds;
  return value < least ? least : value > most ? most : value;
}

/** Returns whether a value is the canonical text of a bigint that a column can hold, which is its stored form. */
export function isBigintText(value: unknown): value is string {
  return typeof value === 'string' && form.test(value) && boundedBigint(BigInt(value)) === BigInt(value);
}

/** The type of the stored form. */
export const storedBigint = z
  .string()
  .refine(isBigintText, { error: 'Expected a whole number from −2^63 to 2^63 − 1' });
columnHints.add(storedBigint, { kind: 'bigint' });

/** The form of the codec between the stored text and a bigint; see {@link ColumnCodec}. */
export const bigintForm = 'bigint';

const corrupt = (): AshlarError =>
  new AshlarError('value-corrupt', {
    message: 'A computed integer cannot be returned.',
    detail: 'It is not within −2^63 and 2^63 − 1.',
    suggestion: 'Compute it of fewer rows, or of smaller values.',
  });

/** The codec of the values that a query computes of bigint columns. */
export const computedBigint: ColumnCodec = {
  form: bigintForm,
  encode: (value) => (value === null || value === undefined ? value : String(value)),
  decode: (stored) => {
    if (stored === null || stored === undefined) return stored;
    if (!isBigintText(stored)) throw corrupt();
    return BigInt(stored);
  },
};
