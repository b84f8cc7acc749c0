import type { ColumnKind } from '../contract/column.js';
import type { TableFacts } from '../contract/table.js';
import { identifier, literal } from '../model/index.js';
import type { RowJsonOptions } from './postgres-row-json.js';

const quoted = (value: string): string => `json_quote(${value})`;

/** A value that is not NULL, as JSON text in the form in which Ashlar gives it back. */
export const jsonText: Readonly<Record<ColumnKind, (value: string) => string>> = {
  text: quoted,
  integer: (value) => value,
  // as many digits as tell every double from its neighbours; SQLite's own text has 15
  real: (value) => `printf('%!.17g', ${value})`,
  boolean: (value) => `iif(${value}, 'true', 'false')`,
  uuid: quoted,
  timestamp: quoted,
  date: quoted,
  inet: quoted,
  json: (value) => value,
  bytes: (value) => `'"' || lower(hex(${value})) || '"'`,
};

/**
 * A row as a JSON object, each value in the form in which Ashlar gives it back and bytes in hex: an expression of text.
 *
 * @param row - the row's name where the expression stands: `NEW`
 */
export function rowJson(table: TableFacts, row: string, { only, except = [] }: RowJsonOptions = {}): string {
  const parts = Object.values(table.columns)
    .filter(({ name }) => (only?.includes(name) ?? true) && !except.includes(name))
    .map(({ name, kind, nullable }, at) => {
      const value = `${row}.${identifier(name)}`;
      const text = jsonText[kind](value);
      const head = literal(`${at === 0 ? '{' : ','}${JSON.stringify(name)}:`);
      return `${head} || ${nullable ? `iif(${value} IS NULL, 'null', ${text})` : text}`;
    });
  return `${parts.length === 0 ? "'{'" : parts.join('\n  || ')}\n  || '}'`;
}
