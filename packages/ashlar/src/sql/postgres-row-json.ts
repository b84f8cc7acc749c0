import type { Column, ColumnKind } from '../contract/column.js';
import type { TableFacts } from '../contract/table.js';
import { identifier, literal } from '../model/index.js';

/** Which columns of a row a JSON object has; by default all, in the order of their declaration. */
export interface RowJsonOptions {
  readonly only?: readonly string[];
  readonly except?: readonly string[];
}

/** A time in the form in which Ashlar gives it back. */
export function utc(value: string, precision: 3 | 6): string {
  return `to_char(${value} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.${precision === 3 ? 'MS' : 'US'}"Z"')`;
}

/** An address as RFC 5952 writes it: PostgreSQL has ::1.2.3.4 for ::102:304. */
export function address(value: string): string {
  const low = `(${value} - '::'::inet)`;
  return `CASE WHEN ${value} BETWEEN '::1:0' AND '::ffff:ffff' THEN '::' || to_hex(${low} >> 16) || ':' || to_hex(${low} & 65535) ELSE host(${value}) END`;
}

const plain = (value: string): string => value;

/** A value in the form in which Ashlar gives it back, as something that `jsonb_build_object` takes. */
const forms: Readonly<Record<ColumnKind, (value: string, column: Column) => string>> = {
  text: plain,
  integer: plain,
  real: plain,
  boolean: plain,
  uuid: plain,
  timestamp: (value, { precision }) => utc(value, precision),
  date: (value) => `to_char(${value}::timestamp, 'YYYY-MM-DD')`,
  inet: address,
  json: plain,
  bytes: (value) => `encode(${value}, 'hex')`,
};

// a function takes at most a hundred arguments
const mostPairs = 50;

/**
 * A row as a JSON object, each value in the form in which Ashlar gives it back and bytes in hex: an expression of jsonb.
 *
 * @param row - the row's name where the expression stands: `NEW`
 */
export function rowJson(table: TableFacts, row: string, { only, except = [] }: RowJsonOptions = {}): string {
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
