import type { Column, ColumnKind } from '../contract/column.js';
import type { TableFacts } from '../contract/table.js';
import { identifier, literal } from '../model/index.js';
import type { RowJsonOptions } from './postgres-row-json.js';
import { sqliteDecimalText } from './sqlite-decimal.js';

const quoted = (value: string): string => `json_quote(${value})`;

/**
 * For each column kind, an SQL expression for a value that is not NULL, as JSON text in the form that Ashlar returns.
 */
export const jsonText: Readonly<Record<ColumnKind, (value: string, column: Column) => string>> = {
  text: quoted,
  integer: (value) => value,
  // a number of JSON is read as a double
  bigint: (value) => `'"' || ${value} || '"'`,
  decimal: (value, { digits }) => `'"' || ${sqliteDecimalText(value, digits ?? { scale: 0 })} || '"'`,
  // 17 digits distinguish every double from its neighbours; SQLite's own conversion has 15
  real: (value) => `printf('%!.17g', ${value})`,
  boolean: (value) => `iif(${value}, 'true', 'false')`,
  uuid: quoted,
  timestamp: quoted,
  date: quoted,
  inet: quoted,
  json: (value) => value,
  array: (value) => value,
  bytes: (value) => `'"' || lower(hex(${value})) || '"'`,
};

const headOf = (name: string, at: number): string =>
  literal(`${at === 0 ? '{' : ','}${JSON.stringify(name)}:`);

/** A value of another tool's column as JSON text: the column's type does not say what is stored in it. */
const storedJson = (value: string): string => {
  const text = `json_quote(${value})`;
  const inHex = `'"' || lower(hex(${value})) || '"'`;
  // a number of JSON is read as a double
  const digits = `iif(abs(${value} / 2) < 4503599627370496, CAST(${value} AS TEXT), '"' || ${value} || '"')`;
  const real = `iif(abs(${value}) <= 1.7976931348623157e308, printf('%!.17g', ${value}), '"' || ${value} || '"')`;
  return `CASE typeof(${value}) WHEN 'integer' THEN ${digits} WHEN 'real' THEN ${real} WHEN 'blob' THEN ${inHex} ELSE ${text} END`;
};

/**
 * An SQL expression of type text for a row as a JSON object: each value in the form in which Ashlar returns it, bytes
 * in hex.
 *
 * @param row - the alias of the row: `NEW`
 */
export function rowJson(table: TableFacts, row: string, { only, except = [] }: RowJsonOptions = {}): string {
  const parts = Object.values(table.columns)
    .filter(({ name }) => (only?.includes(name) ?? true) && !except.includes(name))
    .map((column, at) => {
      const { name, kind, nullable } = column;
      const value = `${row}.${identifier(name)}`;
      if (table.external) return `${headOf(name, at)} || ${storedJson(value)}`;
      const text = jsonText[kind](value, column);
      return `${headOf(name, at)} || ${nullable ? `iif(${value} IS NULL, 'null', ${text})` : text}`;
    });
  return `${parts.length === 0 ? "'{'" : parts.join('\n  || ')}\n  || '}'`;
}
