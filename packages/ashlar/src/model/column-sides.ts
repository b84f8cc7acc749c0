import { z } from 'zod';
import type { Column, ColumnCodec } from '../contract/column.js';
import { AshlarError } from '../errors.js';
import { bigintForm, storedBigint } from './bigint.js';
import { timestamp } from './column-types.js';
import { definitionOf, unsupportedType } from './zod-definition.js';

/** The two sides of a column's type, without the types that wrap it; the same type if there is no codec. */
export interface Sides {
  readonly stored: z.core.$ZodType;
  readonly application: z.core.$ZodType;
  /** Decodes stored values to the application's, and encodes them back. */
  readonly codec: z.core.$ZodType | undefined;
}

// the form of each codec of this file: two columns with the same form have the same values
const forms = new WeakMap<z.core.$ZodType, string>();

// a Date has milliseconds, as timestamp() has
const dateCodec = (dates: z.core.$ZodDate<Date>): z.core.$ZodType => {
  const codec = z.codec(timestamp(), dates, {
    decode: (text) => new Date(text),
    encode: (date) => date.toISOString(),
  });
  forms.set(codec, 'date');
  return codec;
};

const bigintCodec = (integers: z.core.$ZodBigInt<bigint>): z.core.$ZodType => {
  const codec = z.codec(storedBigint, integers, { decode: BigInt, encode: String });
  forms.set(codec, bigintForm);
  return codec;
};

const assertInvertible = (where: string, schema: z.core.$ZodType): void => {
  const def = definitionOf(schema);
  if (def.type === 'transform') {
    throw unsupportedType(
      where,
      'a transform without an inverse',
      'Use z.codec(stored, application, { decode, encode }), which converts in both directions.',
    );
  }
  if (def.type !== 'pipe') return;
  assertInvertible(where, def.in);
  assertInvertible(where, def.out);
};

const end = (schema: z.core.$ZodType, side: 'in' | 'out'): z.core.$ZodType => {
  const def = definitionOf(schema);
  return def.type === 'pipe' ? end(def[side], side) : schema;
};

/**
 * Returns the stored side and the application's side of a column's type.
 *
 * @param where - the column in messages: `table.column`
 * @param inner - the type without the types that wrap it
 * @throws AshlarError `column-type-unsupported` for a transform without an inverse, and for a codec whose stored side
 *   may be null or undefined
 */
export function sidesOf(where: string, inner: z.core.$ZodType): Sides {
  const def = definitionOf(inner);
  if (def.type === 'date') {
    const codec = dateCodec(inner as z.core.$ZodDate<Date>);
    return { stored: end(codec, 'in'), application: inner, codec };
  }
  if (def.type === 'bigint') {
    return {
      stored: storedBigint,
      application: inner,
      codec: bigintCodec(inner as z.core.$ZodBigInt<bigint>),
    };
  }
  assertInvertible(where, inner);
  if (def.type !== 'pipe') return { stored: inner, application: inner, codec: undefined };
  const stored = end(inner, 'in');
  const { type } = definitionOf(stored);
  if (type === 'nullable' || type === 'optional' || type === 'default' || type === 'prefault') {
    throw unsupportedType(
      where,
      `a codec whose stored side is z.${type}()`,
      'Wrap the codec instead: z.codec(…).nullable().',
    );
  }
  const application = end(inner, 'out');
  if (type !== 'bigint') return { stored, application, codec: inner };
  // the text of a bigint is stored
  const codec = z.pipe(bigintCodec(stored as z.core.$ZodBigInt<bigint>), inner);
  return { stored: storedBigint, application, codec };
}

/** Returns the codec of a column, made of its Zod codec. */
export function columnCodec(
  { table, name, nullable, kind }: Pick<Column, 'table' | 'name' | 'nullable' | 'kind'>,
  codec: z.core.$ZodType,
): ColumnCodec {
  // an outer join has NULL for every column; JSON can be null itself
  const isNull = (stored: unknown): boolean => stored === null && (nullable || kind !== 'json');
  return {
    form: forms.get(codec) ?? codec,
    encode: (value) =>
      value === undefined || (value === null && nullable) ? value : z.encode(codec, value as never),
    decode: (stored) => {
      if (stored === undefined || isNull(stored)) return stored;
      try {
        return z.decode(codec, stored as never);
      } catch (cause) {
        throw new AshlarError('value-corrupt', {
          message: `A stored value of ${table}.${name} cannot be read back.`,
          detail: 'The codec of the column does not decode it.',
          suggestion: 'Let the codec decode every value that an earlier form of it has encoded.',
          cause,
        });
      }
    },
  };
}
