import { randomBytes, randomInt } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import type { Column } from '../contract/column.js';
import { layersOf } from '../model/column-layers.js';
import { decimalText, scaledDecimal, storageProblem, timestampText } from '../model/index.js';
import { definitionOf } from '../model/zod-definition.js';
import { sampleOf } from './json-sample.js';

let clock = 0;

// each later than the one before: a column often must lie after another column of its row
const moment = ({ precision }: Column): string => {
  clock = Math.max(clock + 1, Date.now());
  return timestampText(new Date(clock).toISOString(), precision);
};

const token = (): string => randomBytes(6).toString('hex');

const fitted = ({ rules }: Column, body: string): string => {
  const { startsWith = '', endsWith = '', minLength = 0, maxLength = 200 } = rules;
  const room = Math.max(0, Math.min(maxLength, 200) - startsWith.length - endsWith.length);
  const wanted = Math.max(minLength - startsWith.length - endsWith.length, 0);
  const padded = body.padEnd(Math.max(wanted, 0), body || 'e');
  return startsWith + (wanted > room ? padded.slice(0, wanted) : padded.slice(0, room)) + endsWith;
};

const texts = (column: Column): readonly string[] => {
  const unlike = token();
  const digits = String(randomInt(1_000_000_000, 2_000_000_000));
  const letters = unlike.replaceAll(/\d/g, (digit) => 'ghijklmnop'.charAt(Number(digit)));
  return [
    ...[`${unlike} prove`, unlike, letters, letters.toUpperCase(), digits].map((body) =>
      fitted(column, body),
    ),
    `${unlike}@example.org`,
    `https://example.org/${unlike}`,
    `prove-${unlike}`,
    `prove_${unlike}`,
    `${unlike}.example.org`,
    `+1${digits}`,
    `P${digits}D`,
    '08:00:00',
    Buffer.from(unlike).toString('base64'),
    uuidv7(),
  ];
};

const wholeNumbers = ({ rules }: Column, variant: number, unlike: boolean): readonly number[] => {
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum, multipleOf = 1 } = rules;
  const least = minimum === undefined ? Math.min(0, maximum ?? 0) : minimum + (exclusiveMinimum ? 1 : 0);
  const most = maximum === undefined ? least + 2_000_000_000 : maximum - (exclusiveMaximum ? 1 : 0);
  const start = Math.ceil(least / multipleOf);
  const steps = Math.max(0, Math.floor(most / multipleOf) - start);
  const step = unlike ? randomInt(0, Math.min(steps, 1_000_000_000) + 1) : Math.min(variant, steps);
  return [(start + step) * multipleOf, start * multipleOf];
};

const bigints = ({ rules }: Pick<Column, 'rules'>, variant: number, unlike: boolean): readonly string[] => {
  const [minimum, maximum] = [BigInt(rules.least ?? 0), BigInt(rules.most ?? 0)];
  const step = BigInt(rules.multipleOf ?? 1);
  // near zero, as far as the bounds allow
  const low = maximum < 0n ? maximum - 2_000_000_000n * step : 0n;
  const least = low < minimum ? minimum : low;
  const start = least + ((((step - (least % step)) % step) + step) % step);
  const steps = (maximum - start) / step;
  const most = Number(steps < 1_000_000_000n ? steps : 1_000_000_000n);
  const distance = unlike ? randomInt(0, Math.max(most, 0) + 1) : Math.min(variant, Math.max(most, 0));
  return [start + BigInt(distance) * step, start, maximum, minimum].map(String);
};

const decimals = ({ rules, digits }: Column, variant: number, unlike: boolean): readonly string[] => {
  const scaled = { least: scaledText(rules.least), most: scaledText(rules.most) };
  return bigints({ rules: scaled }, variant, unlike).map((value) =>
    decimalText(BigInt(value), digits?.scale ?? 0),
  );
};

const scaledText = (text = '0'): string => String(scaledDecimal(text));

const numbers = (column: Column, variant: number): readonly number[] => {
  const { minimum = 0, maximum } = column.rules;
  const middle = maximum === undefined ? minimum + 1 + variant : (minimum + maximum) / 2;
  return [...wholeNumbers(column, variant, false), middle, minimum, 0.5];
};

const jsonSchemas = new WeakMap<Column['stored'], Parameters<typeof sampleOf>[0]>();

/** The JSON Schema of a column, which takes Zod longer to write than all else about a sample. */
const jsonSchemaOf = ({ stored }: Column): Parameters<typeof sampleOf>[0] => {
  const known = jsonSchemas.get(stored);
  if (known !== undefined) return known;
  const schema = z.toJSONSchema(stored, { unrepresentable: 'any' }) as Parameters<typeof sampleOf>[0];
  jsonSchemas.set(stored, schema);
  return schema;
};

const jsonValues = (column: Column): readonly unknown[] => {
  const simple = [{}, [], 'prove', 1, true, null];
  try {
    return [sampleOf(jsonSchemaOf(column)), ...simple];
  } catch {
    return simple;
  }
};

const arrayLengths = [1, 2, 0, 3, 5, 10];

const arrays = (column: Column, variant: number, unlike: boolean): readonly unknown[] => {
  const { element } = column;
  if (!element) return [];
  const declared = definitionOf(layersOf(`${column.table}.${column.name}`, column.stored).inner);
  const type = declared.type === 'array' ? (declared.element as z.ZodType) : column.stored;
  const of = { ...column, ...element, element: undefined, stored: type };
  const fitting = candidates(of, variant, unlike).filter((value) => type.safeParse(value).success);
  return arrayLengths.flatMap((length) =>
    length > 0 && fitting.length === 0
      ? []
      : [Array.from({ length }, (_, at) => fitting[at % fitting.length])],
  );
};

const byteLengths = [16, 32, 12, 1, 0, 20, 64];

const candidates = (column: Column, variant: number, unlike: boolean): readonly unknown[] => {
  const { oneOf } = column.rules;
  if (oneOf) return oneOf.map((_, at) => oneOf[(at + variant) % oneOf.length]);
  switch (column.kind) {
    case 'text':
      return texts(column);
    case 'integer':
      return wholeNumbers(column, variant, unlike);
    case 'bigint':
      return bigints(column, variant, unlike);
    case 'decimal':
      return decimals(column, variant, unlike);
    case 'real':
      return numbers(column, variant);
    case 'boolean':
      return variant % 2 === 0 ? [true, false] : [false, true];
    case 'uuid':
      return [uuidv7()];
    case 'timestamp':
      return [moment(column)];
    case 'date':
      return [moment(column).slice(0, 10)];
    case 'inet':
      return [`192.0.2.${randomInt(1, 255)}`, '2001:db8::1'];
    case 'json':
      return jsonValues(column);
    case 'array':
      return arrays(column, variant, unlike);
    case 'bytes':
      return byteLengths.map((length) => new Uint8Array(randomBytes(length)));
  }
};

/** The criteria for choosing a value. */
export interface Choice {
  /** The index of an enum value, or the distance from the smallest number; each attempt uses a different variant. */
  readonly variant: number;
  /** Whether the value must differ from all existing values of the column, because the column is part of a key. */
  readonly unlike: boolean;
}

/**
 * Chooses a value other than NULL that a column accepts, in the application's form; `undefined` if the column accepts
 * none of the candidates.
 * For an encrypted column it is the plaintext.
 */
export function valueFor(column: Column, { variant, unlike }: Choice): unknown {
  const { codec } = column.plaintext ?? column;
  for (const stored of candidates(column.plaintext ?? column, variant, unlike)) {
    if (stored === null || !column.stored.safeParse(stored).success) continue;
    if (storageProblem(column, stored) !== undefined) continue;
    try {
      const value = codec ? codec.decode(stored) : stored;
      if (column.schema.safeParse(value).success) return value;
    } catch {
      // a codec need not decode everything that its stored side allows
    }
  }
  return undefined;
}

/** Creates bytes that pass the CHECK of an encrypted column but that no key decrypts. */
export function envelopeLike({ rules: { minBytes = 0, firstByte } }: Column): Uint8Array {
  const bytes = new Uint8Array(randomBytes(minBytes + 16));
  if (firstByte !== undefined) bytes[0] = firstByte;
  return bytes;
}
