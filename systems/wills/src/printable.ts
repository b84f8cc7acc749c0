import { moneyFormat, moneyPattern, printedMoney } from './amounts.js';

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isMoney = (schema: Json): boolean => schema.type === 'string' && schema.format === moneyFormat;

/** Returns a schema of variables in which each amount of money has the pattern of one. */
export function printableSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(printableSchema);
  if (!isObject(schema)) return schema;
  if (isMoney(schema)) {
    const { format: _, currency: __, ...rest } = schema;
    return { pattern: moneyPattern, ...rest };
  }
  return Object.fromEntries(Object.entries(schema).map(([key, inner]) => [key, printableSchema(inner)]));
}

/** Returns variables with each amount of money as it is printed. */
export function printableValues(value: unknown, schema: unknown): unknown {
  if (!isObject(schema)) return value;
  if (Array.isArray(value)) return value.map((item) => printableValues(item, schema.items));
  if (typeof value === 'string' && isMoney(schema))
    return printedMoney(value, typeof schema.currency === 'string' ? schema.currency : 'ZAR');
  if (!isObject(value) || !isObject(schema.properties)) return value;
  const { properties } = schema;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, printableValues(inner, properties[key])]),
  );
}
