import type { ArrayElement, Column, ColumnKind } from '../contract/column.js';
import type { TableFacts } from '../contract/table.js';
import { identifier, literal } from '../model/index.js';

/** The columns to include in the JSON object of a row; by default all, in the order of their declaration. */
export interface RowJsonOptions {
  readonly only?: readonly string[];
  readonly except?: readonly string[];
}

/** An SQL expression that formats a time in the form in which Ashlar returns it. */
export function utc(value: string, precision: 3 | 6): string {
  return `to_char(${value} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.${precision === 3 ? 'MS' : 'US'}"Z"')`;
}

/**
 * An SQL expression that formats an IP address as in RFC 5952, unlike PostgreSQL, which writes ::1.2.3.4 for ::102:304.
 */
export function address(value: string): string {
  const low = `(${value} - '::'::inet)`;
  return `CASE WHEN ${value} BETWEEN '::1:0' AND '::ffff:ffff' THEN '::' || to_hex(${low} >> 16) || ':' || to_hex(${low} & 65535) ELSE host(${value}) END`;
}

/** An SQL expression of type jsonb for an array, with times in the form in which Ashlar returns them. */
export function arrayJson(value: string, element: ArrayElement | undefined): string {
  if (element?.kind !== 'timestamp') return `to_jsonb(${value})`;
  const times = `(SELECT coalesce(jsonb_agg(${utc('each.at', element.precision)} ORDER BY each.place), '[]') FROM unnest(${value}) WITH ORDINALITY AS each(at, place))`;
  return `CASE WHEN ${value} IS NOT NULL THEN ${times} END`;
}

const plain = (value: string): string => value;

/** An expression for a value in the form in which Ashlar returns it, as an argument of `jsonb_build_object`. */
const forms: Readonly<Record<ColumnKind, (value: string, column: Column) => string>> = {
  text: plain,
  integer: plain,
  // a number of JSON is read as a double
  bigint: (value) => `${value}::text`,
  decimal: (value) => `${value}::text`,
  real: plain,
  boolean: plain,
  uuid: plain,
  timestamp: (value, { precision }) => utc(value, precision),
  date: (value) => `to_char(${value}::timestamp, 'YYYY-MM-DD')`,
  inet: address,
  json: plain,
  array: (value, { element }) => arrayJson(value, element),
  bytes: (value) => `encode(${value}, 'hex')`,
};

// a PostgreSQL function takes at most 100 arguments
const mostPairs = 50;

/**
 * An SQL expression of type jsonb for a row as a JSON object: each value in the form in which Ashlar returns it, bytes
 * in hex.
 *
 * @param row - the alias of the row: `NEW`
 */
export function rowJson(table: TableFacts, row: string, options: RowJsonOptions = {}): string {
  if (table.external) return externalRowJson(table, `to_jsonb(${row})`, options);
  const { only, except = [] } = options;
  const pairs = Object.values(table.columns)
    .filter(({ name }) => (only?.includes(name) ?? true) && !except.includes(name))
    .map((column) => {
      const value = `${row}.${identifier(column.name)}`;
      return `${literal(column.name)}, ${forms[column.kind](value, column)}`;
    });
  const parts = Array.from({ length: Math.max(1, Math.ceil(pairs.length / mostPairs)) }, (_, at) =>
    pairs.slice(at * mostPairs, (at + 1) * mostPairs),
  );
  return parts.map((part) => `jsonb_build_object(\n  ${part.join(',\n  ')}\n)`).join(' || ');
}

// what `to_jsonb` writes otherwise than Ashlar; bytes are in hex there by the function's own setting
const ofJson: Partial<Record<ColumnKind, (value: string, column: Column) => string>> = {
  bigint: plain,
  decimal: plain,
  timestamp: (value, { precision }) => utc(`(${value})::timestamptz`, precision),
  inet: (value) => `CASE WHEN ${value} IS NOT NULL THEN ${address(`(${value})::inet`)} END`,
  bytes: (value) => `substr(${value}, 3)`,
};

/**
 * An SQL expression of type jsonb for a row of another tool's table, given what `to_jsonb` makes of it: each column that the
 * row has, so that one that the tool adds is there at once, and one that it drops breaks no statement.
 *
 * @param json - the SQL expression of the row as JSON, which is evaluated several times
 */
export function externalRowJson(
  table: TableFacts,
  json: string,
  { only, except = [] }: RowJsonOptions = {},
): string {
  const wanted = Object.values(table.columns).filter(
    ({ name }) => (only?.includes(name) ?? true) && !except.includes(name),
  );
  const replaced = wanted.flatMap((column) => {
    const form = column.native === undefined ? ofJson[column.kind] : undefined;
    if (!form) return [];
    const name = literal(column.name);
    return [
      `CASE WHEN ${json} ? ${name} THEN jsonb_build_object(${name}, ${form(`(${json} ->> ${name})`, column)}) ELSE '{}' END`,
    ];
  });
  const left = except.map(literal).join(', ');
  const base = only
    ? `jsonb_build_object(${only.map((name) => `${literal(name)}, ${json} -> ${literal(name)}`).join(', ')})`
    : left === ''
      ? json
      : `(${json} - ARRAY[${left}])`;
  return [base, ...replaced].join('\n  || ');
}
