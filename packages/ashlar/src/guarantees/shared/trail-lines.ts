import type { Column, ColumnKind } from '../../contract/column.js';
import type { SqlName } from '../../contract/sql.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier, literal } from '../../model/index.js';
import { rowJson as postgresRowJson } from '../../sql/postgres-row-json.js';
import { rowJson as sqliteRowJson } from '../../sql/sqlite-row-json.js';

/** The PostgreSQL types of keys, to which the text of a line is converted. */
const types: Readonly<Record<ColumnKind, string>> = {
  text: 'text',
  integer: 'bigint',
  bigint: 'bigint',
  decimal: 'numeric',
  real: 'float8',
  boolean: 'boolean',
  uuid: 'uuid',
  timestamp: 'timestamptz',
  date: 'date',
  inet: 'inet',
  json: 'jsonb',
  // no key has one
  array: 'text',
  bytes: 'text',
};

/** An SQL expression for the key of a row, as lines of a trail have it; `row` is the alias of the row. */
export function lineKey(table: TableFacts, dialect: SqlName, row: string): string {
  const only = table.primaryKey.columns;
  return dialect === 'sqlite' ? sqliteRowJson(table, row, { only }) : postgresRowJson(table, row, { only });
}

/**
 * The SQL condition that a row has the key that a JSON object of a line names, written so that the index of the primary key
 * serves it.
 */
export function isRowOfLine(table: TableFacts, dialect: SqlName, row: string, object: string): string {
  return table.primaryKey.columns
    .flatMap((name) => table.columns[name] ?? [])
    .map((column) => `${row}.${identifier(column.name)} = ${keyOfLine(dialect, object, column)}`)
    .join(' AND ');
}

/** An SQL expression for the value that a JSON object of a line has in a column of the key, in the type of the column. */
export function keyOfLine(dialect: SqlName, object: string, { name, kind }: Column): string {
  if (dialect === 'postgres') {
    const text = `(${object} ->> ${literal(name)})`;
    return kind === 'bytes' ? `decode(${text}, 'hex')` : `${text}::${types[kind]}`;
  }
  const value = member(object, name);
  if (kind === 'bytes') return `unhex(${value})`;
  return kind === 'bigint' ? `CAST(${value} AS INTEGER)` : value;
}

/** An SQL expression for a value in a JSON object of a line, as text; NULL if the object does not have it. */
export function valueText(dialect: SqlName, object: string, column: string): string {
  return dialect === 'postgres'
    ? `(${object} ->> ${literal(column)})`
    : `CAST(${member(object, column)} AS TEXT)`;
}

/**
 * An SQL expression for a value in a JSON object of a line, as text that is the same for equal values; NULL if the object does not
 * have it. The line may be older than a change of the column's type, and then has the value in another form: `1.00` is `1.0000`.
 */
export function comparableText(dialect: SqlName, object: string, { name, kind }: Column): string {
  const text = valueText(dialect, object, name);
  switch (kind) {
    case 'decimal':
    case 'integer':
    case 'bigint':
      return dialect === 'postgres'
        ? `CASE ${text} WHEN 'true' THEN '1' WHEN 'false' THEN '0' ELSE trim_scale(${text}::numeric)::text END`
        : `CASE WHEN instr(${text}, '.') > 0 THEN rtrim(rtrim(${text}, '0'), '.') ELSE ${text} END`;
    case 'real':
      // the text of a double has 15 digits or 17, by the version of SQLite
      return dialect === 'postgres'
        ? `${text}::float8::text`
        : `iif(${text} IS NULL, NULL, printf('%!.17g', CAST(${member(object, name)} AS REAL)))`;
    case 'boolean':
      return `CASE ${text} WHEN '1' THEN 'true' WHEN '0' THEN 'false' ELSE ${text} END`;
    case 'timestamp':
      return `CASE WHEN length(${text}) = 10 THEN ${text} || 'T00:00:00.' ELSE rtrim(rtrim(${text}, 'Z'), '0') END`;
    case 'date':
      return `substr(${text}, 1, 10)`;
    case 'text':
      return dialect === 'postgres'
        ? text
        : `CASE json_type(${object}, ${literal(`$.${JSON.stringify(name)}`)}) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE ${text} END`;
    default:
      return text;
  }
}

const member = (object: string, column: string): string =>
  `json_extract(${object}, ${literal(`$.${JSON.stringify(column)}`)})`;

/** The SQL condition that a JSON object of a line has a member. */
export function hasMember(dialect: SqlName, object: string, column: string): string {
  return dialect === 'postgres'
    ? `${object} ? ${literal(column)}`
    : `json_type(${object}, ${literal(`$.${JSON.stringify(column)}`)}) IS NOT NULL`;
}

/** Which value of the first or last line of a row is wanted. */
interface WantedLine {
  /** A column, and the objects in which to look for its value, in this order. */
  readonly value: { readonly column: string; readonly of: readonly ('before' | 'after')[] };
  /** Whether the first line is wanted; by default the last one. */
  readonly first?: boolean;
  readonly operation?: 'insert';
}

/** An SQL query for a value of the first or last line that a trail has of the row `t`; no row if there is no line. */
export function lastLine(
  table: TableFacts,
  trail: string,
  dialect: SqlName,
  { value, first = false, operation }: WantedLine,
): string {
  const values = value.of.map((object) => valueText(dialect, `line.${object}`, value.column));
  const only = operation === undefined ? '' : ` AND line.operation = ${literal(operation)}`;
  return `SELECT coalesce(${[...values, 'NULL'].join(', ')}) FROM ${identifier(trail)} AS line WHERE line.table_name = ${literal(table.name)} AND line.row_key = ${lineKey(table, dialect, 't')}${only} ORDER BY line.id${first ? '' : ' DESC'} LIMIT 1`;
}
