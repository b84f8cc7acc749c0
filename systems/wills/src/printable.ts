import { currencyProblem, defaultCurrency, moneyFormat, moneyPattern, printedMoney } from './amounts.js';

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isMoney = (schema: Json): boolean => schema.format === moneyFormat;

const currencyOf = ({ currency = defaultCurrency }: Json): unknown => currency;

/** Keywords whose value is a map of schemas by names, which are no keywords. */
const maps = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']);
/** Keywords whose value is data. */
const data = new Set(['enum', 'const', 'examples', 'default', 'prefault', 'required']);
/** Keywords by which a schema gives a value that nobody gave. */
const defaults = ['default', 'prefault'] as const;

/** The schemas directly within a schema, each with the way to it. */
const schemasWithin = (schema: Json): readonly (readonly [way: string, inner: unknown])[] =>
  Object.entries(schema).flatMap(([key, value]): (readonly [string, unknown])[] => {
    if (data.has(key)) return [];
    if (maps.has(key)) return isObject(value) ? Object.values(value).map((inner) => [key, inner]) : [];
    return [value].flat().map((inner) => [key, inner]);
  });

/** Returns why amounts of money in a schema of variables would not be printed as such. */
export function moneyProblems(schema: unknown, isReached = true): readonly string[] {
  if (!isObject(schema)) return [];
  const own = isMoney(schema) ? problemsOf(schema, isReached) : [];
  const inner = schemasWithin(schema).flatMap(([way, each]) =>
    moneyProblems(each, isReached && (way === 'properties' || way === 'items')),
  );
  return [...own, ...inner];
}

const problemsOf = (schema: Json, isReached: boolean): readonly string[] => {
  const types = [schema.type].flat();
  const isText = types.includes('string') && types.every((type) => type === 'string' || type === 'null');
  const beside = ['pattern', 'enum', 'const'].filter((key) => Object.hasOwn(schema, key));
  const currency = currencyProblem(currencyOf(schema));
  return [
    ...(isReached ? [] : ['an amount of money is declared elsewhere than in `properties` or `items`']),
    ...(isText ? [] : ['an amount of money is declared with another type than "string"']),
    ...beside.map((key) => `an amount of money is declared with \`${key}\`, which it has already`),
    ...(currency === undefined ? [] : [currency]),
  ];
};

/** Returns whether a schema, or one within it, gives a value that nobody gave. */
export function hasDefault(schema: unknown): boolean {
  if (!isObject(schema)) return false;
  if (defaults.some((key) => Object.hasOwn(schema, key))) return true;
  return schemasWithin(schema).some(([, inner]) => hasDefault(inner));
}

/**
 * Returns a schema of variables in which each amount of money has the pattern of one, and nothing has a value that nobody
 * gave.
 */
export function printableSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(printableSchema);
  if (!isObject(schema)) return schema;
  const { format, currency: _, ...rest } = schema;
  const kept = isMoney(schema)
    ? { ...rest, pattern: moneyPattern }
    : { ...rest, ...(format === undefined ? {} : { format }) };
  return Object.fromEntries(
    Object.entries(kept).flatMap(([key, value]) => {
      if ((defaults as readonly string[]).includes(key)) return [];
      if (maps.has(key) && isObject(value))
        return [
          [
            key,
            Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, printableSchema(inner)])),
          ],
        ];
      return [[key, data.has(key) ? value : printableSchema(value)]];
    }),
  );
}

/** Returns variables with each amount of money as it is printed. */
export function printableValues(value: unknown, schema: unknown): unknown {
  if (!isObject(schema)) return value;
  if (Array.isArray(value)) return value.map((item) => printableValues(item, schema.items));
  if (typeof value === 'string' && isMoney(schema)) return printedMoney(value, String(currencyOf(schema)));
  if (!isObject(value) || !isObject(schema.properties)) return value;
  const { properties } = schema;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, printableValues(inner, properties[key])]),
  );
}
