import type { Column, ColumnKind, DeclaredElement } from '../../../contract/column.js';
import { identifier, int32, isFilledByClock, isNarrow, literal } from '../../../model/index.js';
import { arrayLiteral } from '../../array-literal.js';

const largest = Number.MAX_SAFE_INTEGER;

type Typed = Pick<Column, 'rules' | 'precision' | 'digits' | 'element'>;

const types: Readonly<Record<ColumnKind, (column: Typed) => string>> = {
  text: () => 'text',
  integer: ({ rules }) => (isNarrow(rules) ? 'integer' : 'bigint'),
  bigint: () => 'bigint',
  decimal: ({ digits }) => `numeric(${digits?.total},${digits?.scale})`,
  real: () => 'double precision',
  boolean: () => 'boolean',
  uuid: () => 'uuid',
  timestamp: ({ precision }) => `timestamptz(${precision})`,
  date: () => 'date',
  inet: () => 'inet',
  json: () => 'jsonb',
  array: ({ element }) => `${element && elementType(element)}[]`,
  bytes: () => 'bytea',
};

/** Returns the type of the elements of an array. */
export function elementType({ kind, ...element }: DeclaredElement): string {
  return types[kind]({ ...element, digits: undefined, element: undefined });
}

const value = (given: string | number): string =>
  typeof given === 'number' ? String(given) : literal(given);

const characters = (text: string): number => [...text].length;

const lengthRule = (
  name: string,
  { minLength = 0, maxLength = Number.POSITIVE_INFINITY }: Column['rules'],
): string[] => {
  const length = `char_length(${name})`;
  if (minLength === maxLength) return [`${length} = ${minLength}`];
  if (minLength > 0 && Number.isFinite(maxLength)) return [`${length} BETWEEN ${minLength} AND ${maxLength}`];
  if (minLength > 0) return [`${length} >= ${minLength}`];
  return Number.isFinite(maxLength) ? [`${length} <= ${maxLength}`] : [];
};

interface Bounds {
  readonly least: number | undefined;
  readonly most: number | undefined;
  readonly above: boolean;
  readonly below: boolean;
}

const rangeRule = (name: string, { least, most, above, below }: Bounds): string[] => {
  if (least !== undefined && most !== undefined && !above && !below) {
    return [least === most ? `${name} = ${least}` : `${name} BETWEEN ${least} AND ${most}`];
  }
  return [
    ...(least === undefined ? [] : [`${name} ${above ? '>' : '>='} ${least}`]),
    ...(most === undefined ? [] : [`${name} ${below ? '<' : '<='} ${most}`]),
  ];
};

const integerRules = (name: string, { rules }: Column): string[] => {
  const narrow = isNarrow(rules);
  // a number beyond 2^53 would come back changed
  const least = narrow ? rules.minimum : Math.max(rules.minimum ?? -largest, -largest);
  const most = narrow ? rules.maximum : Math.min(rules.maximum ?? largest, largest);
  const above = rules.exclusiveMinimum === true && least === rules.minimum;
  const below = rules.exclusiveMaximum === true && most === rules.maximum;
  const typed = narrow && !above && !below && least === int32.least && most === int32.most;
  return [
    ...(typed || rules.oneOf ? [] : rangeRule(name, { least, most, above, below })),
    ...(rules.multipleOf === undefined ? [] : [`${name} % ${rules.multipleOf} = 0`]),
  ];
};

// quoted, because PostgreSQL reads −2^63 as a numeric
const bigintRules = (name: string, { rules: { least, most, multipleOf } }: Column): string[] => [
  `${name} BETWEEN '${least}' AND '${most}'`,
  ...(multipleOf === undefined ? [] : [`${name} % ${multipleOf} = 0`]),
];

// a NaN is above every number
const decimalRules = (name: string, { rules: { least, most } }: Column): string[] => [
  `${name} BETWEEN ${least} AND ${most}`,
];

const realRules = (name: string, { rules }: Column): string[] => {
  const { minimum, maximum, exclusiveMinimum: above = false, exclusiveMaximum: below = false } = rules;
  const bounded = rangeRule(name, { least: minimum, most: maximum, above, below });
  // PostgreSQL orders NaN above infinity
  if (minimum === undefined) bounded.unshift(`${name} > '-Infinity'`);
  if (maximum === undefined) bounded.push(`${name} < 'Infinity'`);
  return bounded;
};

const sizeRules = (name: string, { maxBytes }: Column['rules']): string[] =>
  maxBytes === undefined ? [] : [`octet_length(${name}) <= ${maxBytes}`];

const textRules = (name: string, { rules }: Column): string[] => [
  ...(rules.oneOf ? [] : lengthRule(name, rules)),
  ...sizeRules(name, rules),
  ...(rules.startsWith === undefined ? [] : [`starts_with(${name}, ${literal(rules.startsWith)})`]),
  ...(rules.endsWith === undefined
    ? []
    : [`right(${name}, ${characters(rules.endsWith)}) = ${literal(rules.endsWith)}`]),
];

const hexByte = (byte: number): string => byte.toString(16).padStart(2, '0');

const bytesRules = (name: string, { rules: { minBytes, firstByte, ...rules } }: Column): string[] => [
  ...sizeRules(name, rules),
  ...(minBytes === undefined ? [] : [`octet_length(${name}) >= ${minBytes}`]),
  ...(firstByte === undefined ? [] : [`substr(${name}, 1, 1) = ${literal(`\\x${hexByte(firstByte)}`)}`]),
];

const noRules = (): string[] => [];

const kindRules: Readonly<Record<ColumnKind, (name: string, column: Column) => string[]>> = {
  text: textRules,
  integer: integerRules,
  bigint: bigintRules,
  decimal: decimalRules,
  real: realRules,
  timestamp: (name) => [`${name} >= '0001-01-01T00:00:00Z' AND ${name} < '10000-01-01T00:00:00Z'`],
  date: (name) => [`${name} >= '0001-01-01' AND ${name} < '10000-01-01'`],
  bytes: bytesRules,
  boolean: noRules,
  uuid: noRules,
  json: noRules,
  // array_position refuses several dimensions
  array: (name) => [
    `CASE WHEN array_ndims(${name}) = 1 THEN array_lower(${name}, 1) = 1 AND array_position(${name}, NULL) IS NULL ELSE cardinality(${name}) = 0 END`,
  ],
  // the address of a host, not of a network
  inet: (name) => [`${name} = host(${name})::inet`],
};

/** Returns the CHECK constraint of a column, with its name; `undefined` if the column's type needs no CHECK. */
export function columnCheck(column: Column): { readonly name: string; readonly sql: string } | undefined {
  const name = identifier(column.name);
  const { oneOf } = column.rules;
  const parts = [
    ...(oneOf ? [`${name} IN (${oneOf.map(value).join(', ')})`] : []),
    ...kindRules[column.kind](name, column),
  ];
  if (parts.length === 0) return undefined;
  return { name: `${column.table}_${column.name}_check`, sql: `CHECK (${parts.join(' AND ')})` };
}

const defaultSql = (column: Column): string | undefined => {
  if (isFilledByClock(column)) return column.kind === 'date' ? "(now() AT TIME ZONE 'UTC')::date" : 'now()';
  const given = column.default;
  if (given === undefined || (given === null && column.nullable)) return undefined;
  if (column.kind === 'json') return literal(JSON.stringify(given));
  if (column.kind === 'array') return literal(arrayLiteral(given as readonly unknown[]));
  if (given instanceof Uint8Array) return literal(`\\x${Buffer.from(given).toString('hex')}`);
  const isNumber = column.kind === 'bigint' || column.kind === 'decimal';
  return typeof given === 'string' && !isNumber ? literal(given) : String(given);
};

/** Returns a column's type with its collation: `text COLLATE "C"`. */
export function columnType(column: Column): string {
  const type = types[column.kind](column);
  // text is ordered by code point on every engine
  return type === 'text' ? `${type} COLLATE "C"` : type;
}

const longestLine = 100;

/** Returns a column definition for CREATE TABLE or ADD COLUMN: name, type, default, NOT NULL, CHECK. */
export function columnDefinition(column: Column): string {
  const check = columnCheck(column);
  const byDefault = defaultSql(column);
  const definition = [
    identifier(column.name),
    columnType(column),
    ...(column.generated === 'identity' ? ['GENERATED ALWAYS AS IDENTITY'] : []),
    ...(column.expression ? [`GENERATED ALWAYS AS (${column.expression.postgres}) STORED`] : []),
    ...(byDefault === undefined ? [] : [`DEFAULT ${byDefault}`]),
    ...(column.nullable ? [] : ['NOT NULL']),
  ].join(' ');
  if (!check) return definition;
  const constraint = `CONSTRAINT ${identifier(check.name)} ${check.sql}`;
  const isLong = definition.length + constraint.length > longestLine;
  return `${definition}${isLong ? '\n  ' : ' '}${constraint}`;
}
