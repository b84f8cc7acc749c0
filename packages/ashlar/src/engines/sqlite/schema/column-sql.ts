import type { ArrayElement, Column, ColumnKind } from '../../../contract/column.js';
import { AshlarError } from '../../../errors.js';
import {
  decimalText,
  greatestScaled,
  identifier,
  isFilledByClock,
  literal,
  mostScaledDigits,
  scaledDecimal,
} from '../../../model/index.js';
import { encode } from '../values/codec.js';

const types: Readonly<Record<ColumnKind, string>> = {
  text: 'TEXT',
  integer: 'INTEGER',
  bigint: 'INTEGER',
  decimal: 'INTEGER',
  real: 'REAL',
  boolean: 'INTEGER',
  uuid: 'TEXT',
  timestamp: 'TEXT',
  date: 'TEXT',
  inet: 'TEXT',
  json: 'TEXT',
  array: 'TEXT',
  bytes: 'BLOB',
};

const tooLong = ({ table, name }: Column, total: number): AshlarError =>
  new AshlarError('column-type-unsupported', {
    message: `${table}.${name}: SQLite has no decimal of ${total} digits.`,
    detail: `It holds the value as an integer of 64 bits, which has ${mostScaledDigits} digits.`,
    suggestion: `Use at most ${mostScaledDigits} digits, or PostgreSQL for this table.`,
    facts: { table, columns: [name] },
  });

/**
 * Returns the SQL type that a column has in a STRICT table.
 *
 * @throws AshlarError `column-type-unsupported` for a decimal of more than 18 digits
 */
export function columnType(column: Column): string {
  const { digits } = column;
  if (digits && digits.total > mostScaledDigits) throw tooLong(column, digits.total);
  return types[column.kind];
}

const timestampFormat = "'%Y-%m-%dT%H:%M:%fZ'";

/**
 * Returns the SQL expression for the current time, in the form in which timestamp columns store it. SQLite has
 * milliseconds; further digits are zeros.
 */
export function now(precision: 3 | 6): string {
  return precision === 3 ? `strftime(${timestampFormat}, 'now')` : "strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')";
}

/** A constant as SQLite writes it. */
const constant = (value: unknown): string | undefined => {
  if (value === null || value === undefined) return undefined;
  if (typeof value === 'string') return literal(value);
  if (value instanceof Uint8Array) return `X'${Buffer.from(value).toString('hex')}'`;
  return String(value);
};

/** Returns a column's default as an SQL expression; `undefined` if the column has no default. */
export function columnDefault(column: Column): string | undefined {
  if (isFilledByClock(column)) return column.kind === 'date' ? "(date('now'))" : `(${now(column.precision)})`;
  return column.default === undefined ? undefined : constant(encode(column, column.default));
}

type Conditions = (name: string, column: Column) => readonly (string | undefined)[];

const noNul = (name: string): string => `instr(${name}, char(0)) = 0`;

const lengthCondition = (
  name: string,
  least: number | undefined,
  most: number | undefined,
): string | undefined => {
  const length = `length(${name})`;
  if (least !== undefined && most !== undefined) {
    return least === most ? `${length} = ${least}` : `${length} BETWEEN ${least} AND ${most}`;
  }
  if (most !== undefined) return `${length} <= ${most}`;
  return least === undefined || least === 0 ? undefined : `${length} >= ${least}`;
};

const textConditions: Conditions = (name, { rules }) => [
  rules.oneOf && `${name} IN (${rules.oneOf.map((value) => constant(value)).join(', ')})`,
  lengthCondition(name, rules.minLength, rules.maxLength),
  rules.maxBytes === undefined ? undefined : `octet_length(${name}) <= ${rules.maxBytes}`,
  rules.startsWith && `substr(${name}, 1, ${[...rules.startsWith].length}) = ${literal(rules.startsWith)}`,
  rules.endsWith && `substr(${name}, -${[...rules.endsWith].length}) = ${literal(rules.endsWith)}`,
  // both functions stop at a NUL
  rules.maxLength !== undefined || rules.endsWith ? noNul(name) : undefined,
];

const integerConditions: Conditions = (name, { rules }) => {
  // written otherwise than a boolean, whose CHECK tells it from an integer
  if (rules.oneOf?.join() === '0,1') return [`${name} BETWEEN 0 AND 1`];
  if (rules.oneOf) return [`${name} IN (${rules.oneOf.join(', ')})`];
  const least = Math.floor(rules.minimum ?? Number.MIN_SAFE_INTEGER);
  const most = Math.ceil(rules.maximum ?? Number.MAX_SAFE_INTEGER);
  const from = rules.exclusiveMinimum || least < (rules.minimum ?? least) ? least + 1 : least;
  const to = rules.exclusiveMaximum || most > (rules.maximum ?? most) ? most - 1 : most;
  return [
    `${name} BETWEEN ${Math.max(from, Number.MIN_SAFE_INTEGER)} AND ${Math.min(to, Number.MAX_SAFE_INTEGER)}`,
    rules.multipleOf === undefined ? undefined : `${name} % ${rules.multipleOf} = 0`,
  ];
};

const bigintConditions: Conditions = (name, { rules: { least, most, multipleOf } }) => [
  `${name} BETWEEN ${least} AND ${most}`,
  multipleOf === undefined ? undefined : `${name} % ${multipleOf} = 0`,
];

// the division says the scale of a described column
const decimalConditions: Conditions = (name, { digits = { total: 1, scale: 0 }, rules: { least, most } }) => {
  const whole = 10n ** BigInt(digits.total - digits.scale) - 1n;
  const widest = decimalText(greatestScaled(digits), digits.scale);
  return [
    `${name} / ${10n ** BigInt(digits.scale)} BETWEEN ${whole === 0n ? 0 : -whole} AND ${whole}`,
    least === undefined || least === `-${widest}` ? undefined : `${name} >= ${scaledDecimal(least)}`,
    most === undefined || most === widest ? undefined : `${name} <= ${scaledDecimal(most)}`,
  ];
};

const realConditions: Conditions = (name, { rules }) => [
  rules.minimum === undefined ? undefined : `${name} ${rules.exclusiveMinimum ? '>' : '>='} ${rules.minimum}`,
  rules.maximum === undefined ? undefined : `${name} ${rules.exclusiveMaximum ? '<' : '<='} ${rules.maximum}`,
  // infinity is not a number that Zod accepts
  rules.minimum === undefined || rules.maximum === undefined
    ? `abs(${name}) <= ${Number.MAX_VALUE}`
    : undefined,
  rules.multipleOf === undefined
    ? undefined
    : `${name} = ${rules.multipleOf} * round(${name} / ${rules.multipleOf})`,
];

const uuidConditions: Conditions = (name) => [
  `${name} GLOB '????????-????-????-????-????????????'`,
  `${name} NOT GLOB '*[^0-9a-f-]*'`,
  `length(replace(${name}, '-', '')) = 32`,
  noNul(name),
];

const timestampConditions: Conditions = (name, { precision }) => {
  const milliseconds = `substr(${name}, 1, 23) || 'Z'`;
  const form =
    precision === 3
      ? [`${name} IS strftime(${timestampFormat}, ${name})`]
      : [
          `${milliseconds} IS strftime(${timestampFormat}, ${milliseconds})`,
          `substr(${name}, 24) GLOB '[0-9][0-9][0-9]Z'`,
          noNul(name),
        ];
  return [...form, `${name} >= '0001'`];
};

const hexByte = (byte: number): string => byte.toString(16).toUpperCase().padStart(2, '0');

const elementLengths = { uuid: 36, date: 10, timestamp: { 3: 24, 6: 27 } } as const;

const elementLetters = {
  integer: ',0-9-',
  boolean: ',aeflrstu',
  uuid: ',"0-9a-f-',
  date: ',"0-9-',
  timestamp: ',"0-9TZ:.-',
} as const;

const lengthOf = ({ kind, precision }: ArrayElement): number | undefined => {
  if (kind === 'timestamp') return elementLengths.timestamp[precision];
  return kind === 'uuid' || kind === 'date' ? elementLengths[kind] : undefined;
};

/** JSON in the one form in which this process writes it: arrays are compared as text. */
const arrayConditions: Conditions = (name, { element }) => {
  const inner = `substr(${name}, 2, length(${name}) - 2)`;
  const length = element && lengthOf(element);
  const isQuoted = length !== undefined || element?.kind === 'text';
  const size = length === undefined ? '' : ` AND (length(${name}) - 1) % ${length + 3} = 0`;
  return [
    // json() fails for what is no JSON
    `iif(NOT json_valid(${name}), 0, ${name} = json(${name}))`,
    `substr(${name}, 1, 1) = '['`,
    noNul(name),
    isQuoted ? `(${name} = '[]' OR ${name} GLOB '[[]"*"]'${size})` : undefined,
    // of a character there is one escape
    element?.kind === 'text' ? `replace(${name}, '\\\\', '') NOT GLOB '*\\[/u]*'` : undefined,
    element && element.kind !== 'text'
      ? `${inner} NOT GLOB '*[^${elementLetters[element.kind]}]*'`
      : undefined,
    length === undefined ? undefined : `instr(replace(${inner}, '","', ''), ',') = 0`,
    element?.kind === 'integer' ? `instr(${name}, '-0') = 0` : undefined,
  ];
};

const conditions: Readonly<Record<ColumnKind, Conditions>> = {
  text: textConditions,
  inet: textConditions,
  integer: integerConditions,
  bigint: bigintConditions,
  decimal: decimalConditions,
  real: realConditions,
  boolean: (name) => [`${name} IN (0, 1)`],
  uuid: uuidConditions,
  timestamp: timestampConditions,
  date: (name) => [`${name} IS date(${name})`, `${name} >= '0001'`],
  json: (name) => [`json_valid(${name})`],
  array: arrayConditions,
  bytes: (name, { rules: { minBytes, firstByte, maxBytes } }) => [
    maxBytes === undefined ? undefined : `length(${name}) <= ${maxBytes}`,
    minBytes === undefined ? undefined : `length(${name}) >= ${minBytes}`,
    firstByte === undefined ? undefined : `substr(${name}, 1, 1) = X'${hexByte(firstByte)}'`,
  ],
};

/**
 * Returns the condition of a column's CHECK, which covers as much of the Zod type as SQLite can check; `undefined` if
 * SQLite can check none of it.
 */
export function columnCondition(column: Column): string | undefined {
  const found = conditions[column.kind](identifier(column.name), column).filter(Boolean);
  return found.length > 0 ? found.join(' AND ') : undefined;
}
