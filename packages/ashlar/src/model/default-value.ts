import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import type { Column, DefaultValue } from '../contract/column.js';
import type { Layers } from './column-layers.js';
import { invalidTable } from './invalid-table.js';

type Default = NonNullable<Layers['default']>;

const nearMilliseconds = 1_000;
const mostLooks = 1_000_000;

// a value that is taken from a clock is the same twice within one tick
const isNearNow = (value: unknown): boolean => {
  const time = typeof value === 'string' ? Date.parse(value) : Number(value);
  return Math.abs(time - Date.now()) < nearMilliseconds;
};

const awaitTick = (): void => {
  const start = Date.now();
  for (let looks = 0; Date.now() === start && looks < mostLooks; looks++);
};

const changes = (def: Default): boolean => {
  const value = def.defaultValue;
  if (!isDeepStrictEqual(value, def.defaultValue)) return true;
  if (!isNearNow(value)) return false;
  awaitTick();
  return !isDeepStrictEqual(value, def.defaultValue);
};

/**
 * Returns the stored form of a column's constant default, which the table in the database also has; `undefined` if the
 * column has none.
 *
 * @throws AshlarError `table-invalid` for a function whose value changes, and for a default that the column refuses
 */
export function constantDefault(
  { table, name, schema, codec }: Pick<Column, 'table' | 'name' | 'schema' | 'codec'>,
  def: Layers['default'],
): DefaultValue | undefined {
  if (!def) return undefined;
  if (changes(def)) {
    throw invalidTable(
      table,
      `the function in the default of ${name} returns another value each time.`,
      `Declare the column as generated(type, () => value): ${name}: generated(z.string(), () => …).`,
    );
  }
  const value = def.defaultValue;
  const { error } = schema.safeParse(value);
  if (error) {
    throw invalidTable(
      table,
      `${name} refuses its own default: ${error.issues[0]?.message}.`,
      'Choose a default that the type of the column accepts.',
    );
  }
  return (codec ? codec.encode(value) : value) as DefaultValue;
}

/** Returns a type with a column's constant default, in the application's form. */
export function withDefault(
  { codec, plaintext, default: stored }: Pick<Column, 'codec' | 'plaintext' | 'default'>,
  schema: z.ZodType,
): z.ZodType {
  const value = plaintext ? plaintext.default : stored;
  const decode = (plaintext ?? { codec }).codec?.decode;
  // a new object for each row: a caller may change the one it gets
  return schema.default(() => (decode ? decode(value) : structuredClone(value)) as never);
}
