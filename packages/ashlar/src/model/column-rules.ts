import type { z } from 'zod';
import type { ColumnKind, ColumnRules } from '../contract/column.js';
import { bigintBounds, boundedBigint } from './bigint.js';
import { type CheckDefinition, checksOf, definitionOf, enumValues, formatOf } from './zod-definition.js';

type Rules = { -readonly [K in keyof ColumnRules]: ColumnRules[K] };

/** The integers of 32 bits. */
export const int32 = { least: -2147483648, most: 2147483647 } as const;

/** Returns whether all integers of a type have 32 bits, so that PostgreSQL holds them in as many. */
export function isNarrow({ minimum, maximum }: ColumnRules): boolean {
  return minimum !== undefined && maximum !== undefined && minimum >= int32.least && maximum <= int32.most;
}

/** Returns the constraints of a Zod type that a database can check. */
export function columnRules(schema: z.core.$ZodType, kind: ColumnKind): ColumnRules {
  if (kind === 'json' || kind === 'array' || kind === 'bytes') return {};
  if (kind === 'bigint') return bigintRules(schema);
  const def = definitionOf(schema);
  const rules: Rules = {};
  if (def.type === 'enum') rules.oneOf = enumValues(def);
  if (def.type === 'literal') rules.oneOf = def.values.filter(isTextOrNumber);
  const format = formatOf(def);
  if (format === 'int32') Object.assign(rules, { minimum: int32.least, maximum: int32.most });
  if (format === 'uint32') Object.assign(rules, { minimum: 0, maximum: 4294967295 });
  for (const check of checksOf(schema)) addRule(rules, check);
  return rules;
}

const bigintRules = (schema: z.core.$ZodType): ColumnRules => {
  const def = definitionOf(schema);
  let least: bigint = 'format' in def && def.format === 'uint64' ? 0n : bigintBounds.least;
  let most: bigint = bigintBounds.most;
  const rules: Rules = {};
  for (const check of checksOf(schema)) {
    if (check.check === 'greater_than') {
      const value = BigInt(check.value as bigint) + (check.inclusive ? 0n : 1n);
      if (value > least) least = boundedBigint(value);
    } else if (check.check === 'less_than') {
      const value = BigInt(check.value as bigint) - (check.inclusive ? 0n : 1n);
      if (value < most) most = boundedBigint(value);
    } else if (check.check === 'multiple_of' && Number.isSafeInteger(Number(check.value)))
      rules.multipleOf = Number(check.value);
  }
  return { ...rules, least: String(least), most: String(most) };
};

const isTextOrNumber = (value: unknown): value is string | number =>
  typeof value === 'string' || typeof value === 'number';

const addRule = (rules: Rules, check: CheckDefinition): void => {
  switch (check.check) {
    case 'min_length':
      rules.minLength = Math.max(rules.minLength ?? 0, check.minimum);
      break;
    case 'max_length':
      rules.maxLength = Math.min(rules.maxLength ?? Number.POSITIVE_INFINITY, check.maximum);
      break;
    case 'length_equals':
      rules.minLength = rules.maxLength = check.length;
      break;
    case 'greater_than':
      addMinimum(rules, Number(check.value), check.inclusive);
      break;
    case 'less_than':
      addMaximum(rules, Number(check.value), check.inclusive);
      break;
    case 'multiple_of':
      if (Number.isInteger(check.value)) rules.multipleOf = Number(check.value);
      break;
    case 'string_format':
      if ('prefix' in check) rules.startsWith = check.prefix;
      if ('suffix' in check) rules.endsWith = check.suffix;
      break;
  }
};

const addMinimum = (rules: Rules, value: number, inclusive: boolean): void => {
  const { minimum } = rules;
  if (minimum !== undefined && (value < minimum || (value === minimum && inclusive))) return;
  rules.minimum = value;
  rules.exclusiveMinimum = !inclusive;
};

const addMaximum = (rules: Rules, value: number, inclusive: boolean): void => {
  const { maximum } = rules;
  if (maximum !== undefined && (value > maximum || (value === maximum && inclusive))) return;
  rules.maximum = value;
  rules.exclusiveMaximum = !inclusive;
};
