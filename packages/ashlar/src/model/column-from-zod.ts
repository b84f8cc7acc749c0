import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import type { Column, ColumnKind, ColumnRules, DefaultValue } from '../contract/column.js';
import { AshlarError } from '../errors.js';
import { type ColumnHint, columnHints } from './column-types.js';
import { envelopeForm } from './envelope-form.js';

// what is read of a Zod definition; Zod declares each kind's own, and none of them for all
interface Definition {
  readonly type: string;
  readonly format?: string;
  readonly precision?: number | null;
  readonly innerType?: z.ZodType;
  readonly defaultValue?: unknown;
  readonly entries?: Record<string, string | number>;
  readonly values?: readonly unknown[];
  readonly options?: readonly z.ZodType[];
  readonly element?: z.ZodType;
  readonly shape?: Record<string, z.ZodType>;
  readonly catchall?: z.ZodType;
  readonly keyType?: z.ZodType;
  readonly valueType?: z.ZodType;
  readonly items?: readonly z.ZodType[];
  readonly rest?: z.ZodType | null;
  readonly left?: z.ZodType;
  readonly right?: z.ZodType;
  readonly getter?: () => z.ZodType;
  readonly checks?: readonly { readonly _zod: { readonly def: CheckDefinition } }[];
  readonly check?: string;
}

interface CheckDefinition {
  readonly check: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly length?: number;
  readonly value?: unknown;
  readonly inclusive?: boolean;
  readonly prefix?: string;
  readonly suffix?: string;
}

const definition = (schema: z.ZodType): Definition => schema.def as unknown as Definition;

const unsupported = (where: string, what: string, suggestion: string): AshlarError =>
  new AshlarError('column-type-unsupported', {
    message: `${where}: ${what} has no column form.`,
    detail:
      'A column is text, a number, a boolean, a time, an address, bytes or JSON; what goes in must come back as it was.',
    suggestion,
  });

interface Unwrapped {
  readonly inner: z.ZodType;
  readonly nullable: boolean;
  readonly hasDefault: boolean;
  readonly default: unknown;
  readonly hint: ColumnHint;
}

const unwrap = (where: string, declared: z.ZodType): Unwrapped => {
  let schema = declared;
  let nullable = false;
  let hasDefault = false;
  let value: unknown;
  let hint: ColumnHint = {};
  for (;;) {
    hint = { ...columnHints.get(schema), ...hint };
    const def = definition(schema);
    if (hint.kind === 'json' && def.type !== 'nullable' && def.type !== 'default') break;
    if (def.type === 'nullable') nullable = true;
    else if (def.type === 'default') {
      hasDefault = true;
      value = def.defaultValue;
    } else if (def.type === 'optional') {
      throw unsupported(
        where,
        '.optional()',
        'A column is always there: use .nullable(), or .default(value).',
      );
    } else if (def.type !== 'readonly') break;
    if (!def.innerType) break;
    schema = def.innerType;
  }
  return { inner: schema, nullable, hasDefault, default: value, hint };
};

const stringKinds: Partial<Record<string, ColumnKind>> = {
  uuid: 'uuid',
  guid: 'uuid',
  datetime: 'timestamp',
  date: 'date',
  ipv4: 'inet',
};

const numericKind = (def: Definition): ColumnKind => {
  const formats = [def.format, ...(def.checks ?? []).map((check) => check._zod.def.format)];
  return formats.some((format) => format === 'safeint' || format === 'int32' || format === 'uint32')
    ? 'integer'
    : 'real';
};

const literalKind = (where: string, values: readonly unknown[]): ColumnKind => {
  const types = new Set(values.map((value) => typeof value));
  if (types.size === 1 && types.has('string')) return 'text';
  if (types.size === 1 && types.has('number') && values.every(Number.isSafeInteger)) return 'integer';
  throw unsupported(
    where,
    'a choice of mixed values',
    'Use strings only, or whole numbers only, or json(…).',
  );
};

const columnKind = (where: string, schema: z.ZodType): ColumnKind => {
  const def = definition(schema);
  switch (def.type) {
    case 'string':
      if (def.format === 'ipv6') {
        throw unsupported(
          where,
          'z.ipv6()',
          'Use inet(): one address has many spellings, and only one comes back.',
        );
      }
      if (def.format === 'datetime') assertUtc(where, def as { offset?: boolean; local?: boolean });
      return stringKinds[def.format ?? ''] ?? 'text';
    case 'template_literal':
      return 'text';
    case 'number':
      return numericKind(def);
    case 'boolean':
      return 'boolean';
    case 'enum':
      return literalKind(where, Object.values(def.entries ?? {}));
    case 'literal':
      return literalKind(where, def.values ?? []);
    case 'object':
    case 'array':
    case 'record':
    case 'tuple':
    case 'lazy':
    case 'union':
    case 'intersection':
      assertJson(where, schema, new Set());
      if (def.type === 'union' && def.options?.every((option) => definition(option).type === 'string')) {
        throw unsupported(
          where,
          'a union of strings',
          'Use z.string() with .refine(), or json(…) to keep it as JSON.',
        );
      }
      return 'json';
    case 'date':
      throw unsupported(
        where,
        'z.date()',
        'Use timestamp(): a Date loses three digits and its text form is not fixed.',
      );
    case 'bigint':
      throw unsupported(
        where,
        'z.bigint()',
        'Use z.int(), which is exact up to 2^53 (money is integer cents).',
      );
    default:
      throw unsupported(where, `z.${def.type}()`, 'Use a type whose value is stored as it is, or json(…).');
  }
};

const assertUtc = (
  where: string,
  def: { offset?: boolean; local?: boolean; precision?: number | null },
): void => {
  if (def.offset || def.local) {
    throw unsupported(
      where,
      'a time that is not in UTC',
      'Use timestamp(); keep a time zone in a column of its own.',
    );
  }
  if (def.precision !== undefined && def.precision !== null && def.precision !== 3 && def.precision !== 6) {
    throw unsupported(
      where,
      `a time of ${def.precision} digits`,
      'Use precision 3 (milliseconds) or 6 (microseconds).',
    );
  }
};

const jsonScalars = new Set([
  'string',
  'number',
  'boolean',
  'null',
  'enum',
  'literal',
  'template_literal',
  'unknown',
]);

const assertJson = (where: string, schema: z.ZodType, seen: Set<z.ZodType>): void => {
  if (seen.has(schema)) return;
  seen.add(schema);
  const def = definition(schema);
  if (jsonScalars.has(def.type)) return;
  const inner: (z.ZodType | null | undefined)[] = [];
  switch (def.type) {
    case 'lazy':
      inner.push(def.getter?.());
      break;
    case 'object':
      inner.push(
        ...Object.values(def.shape ?? {}),
        def.catchall?.def.type === 'never' ? undefined : def.catchall,
      );
      break;
    case 'array':
      inner.push(def.element);
      break;
    case 'record':
      inner.push(def.valueType);
      break;
    case 'tuple':
      inner.push(...(def.items ?? []), def.rest);
      break;
    case 'union':
      inner.push(...(def.options ?? []));
      break;
    case 'intersection':
      inner.push(def.left, def.right);
      break;
    case 'nullable':
    case 'optional':
    case 'default':
    case 'readonly':
      inner.push(def.innerType);
      break;
    default:
      throw unsupported(
        where,
        `z.${def.type}() inside JSON`,
        'Inside JSON use strings, numbers, booleans, arrays and objects.',
      );
  }
  for (const next of inner) if (next) assertJson(where, next, seen);
};

const int32 = { minimum: -2147483648, maximum: 2147483647 };

const columnRules = (schema: z.ZodType, kind: ColumnKind): ColumnRules => {
  if (kind === 'json' || kind === 'bytes') return {};
  const def = definition(schema);
  const rules: { -readonly [K in keyof ColumnRules]: ColumnRules[K] } = {};
  if (def.type === 'enum') rules.oneOf = Object.values(def.entries ?? {});
  if (def.type === 'literal') rules.oneOf = (def.values ?? []) as (string | number)[];
  if (def.format === 'int32') Object.assign(rules, int32);
  if (def.format === 'uint32') Object.assign(rules, { minimum: 0, maximum: 4294967295 });
  for (const check of def.checks ?? []) addRule(rules, check._zod.def);
  return rules;
};

const addRule = (
  rules: { -readonly [K in keyof ColumnRules]: ColumnRules[K] },
  check: CheckDefinition,
): void => {
  const value = check.value as number;
  switch (check.check) {
    case 'min_length':
      rules.minLength = Math.max(rules.minLength ?? 0, check.minimum ?? 0);
      break;
    case 'max_length':
      rules.maxLength = Math.min(rules.maxLength ?? Number.POSITIVE_INFINITY, check.maximum ?? 0);
      break;
    case 'length_equals':
      rules.minLength = rules.maxLength = check.length ?? 0;
      break;
    case 'greater_than':
      if (
        rules.minimum === undefined ||
        value > rules.minimum ||
        (value === rules.minimum && !check.inclusive)
      ) {
        rules.minimum = value;
        rules.exclusiveMinimum = !check.inclusive;
      }
      break;
    case 'less_than':
      if (
        rules.maximum === undefined ||
        value < rules.maximum ||
        (value === rules.maximum && !check.inclusive)
      ) {
        rules.maximum = value;
        rules.exclusiveMaximum = !check.inclusive;
      }
      break;
    case 'multiple_of':
      if (Number.isInteger(value)) rules.multipleOf = value;
      break;
    case 'string_format':
      if (check.format === 'starts_with' && check.prefix !== undefined) rules.startsWith = check.prefix;
      if (check.format === 'ends_with' && check.suffix !== undefined) rules.endsWith = check.suffix;
      break;
  }
};

const constantDefault = (schema: z.ZodType, unwrapped: Unwrapped): DefaultValue | undefined => {
  if (!unwrapped.hasDefault) return undefined;
  const first = unwrapped.default;
  const again = unwrap('', schema).default;
  // a function default runs at each look; one that varies stays in this process
  return isDeepStrictEqual(first, again) ? (first as DefaultValue) : undefined;
};

const withoutDefault = (schema: z.ZodType): z.ZodType => {
  const def = definition(schema);
  if (def.type === 'default' && def.innerType) return withoutDefault(def.innerType);
  if (def.type === 'nullable' && def.innerType) {
    const inner = withoutDefault(def.innerType);
    return inner === def.innerType ? schema : inner.nullable();
  }
  return schema;
};

/**
 * Derives a column from a Zod type.
 *
 * @throws AshlarError `column-type-unsupported`
 */
export const columnFromZod = (table: string, name: string, declared: z.ZodType): Column => {
  const where = `${table}.${name}`;
  const unwrapped = unwrap(where, declared);
  const { inner, nullable, hint } = unwrapped;
  if (hint.kind === 'json') assertJson(where, inner, new Set());
  const kind = hint.kind ?? columnKind(where, inner);
  const column: Column = {
    table,
    name,
    kind,
    nullable,
    rules: columnRules(inner, kind),
    precision: definition(inner).precision === 6 ? 6 : 3,
    generated: hint.generated,
    touched: hint.touched ?? false,
    default: constantDefault(declared, unwrapped),
    primaryKey: hint.primaryKey ?? false,
    plaintext: undefined,
    stored: withoutDefault(declared),
    declared,
  };
  return hint.ciphertext ? ciphertextColumn(where, column) : column;
};

const ciphertextColumn = (where: string, plaintext: Column): Column => {
  if (plaintext.generated || plaintext.touched || plaintext.primaryKey) {
    throw unsupported(
      where,
      'a ciphered value that the database or a clock makes',
      'Leave it in the clear, or give its value yourself.',
    );
  }
  return {
    ...plaintext,
    kind: 'bytes',
    rules: envelopeForm,
    // a default that the database knows would be plaintext; Zod fills it in
    default: undefined,
    plaintext,
  };
};
