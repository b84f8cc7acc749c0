import type { ColumnKind } from '../../../contract/column.js';
import type { SchemaColumn } from '../../../contract/schema.js';
import { allowedValue } from '../../placeholder.js';
import { storedForm } from './stored-form.js';

const values: Readonly<Record<ColumnKind, string>> = {
  text: "''",
  integer: '0',
  bigint: '0',
  decimal: '0',
  real: '0',
  boolean: '0',
  uuid: "'00000000-0000-0000-0000-000000000000'",
  timestamp: "'1970-01-01T00:00:00.000Z'",
  date: "'1970-01-01'",
  // on SQLite an address is text without a CHECK
  inet: "''",
  json: "'{}'",
  array: "'[]'",
  bytes: "X''",
};

const ruled: ReadonlySet<ColumnKind> = new Set(['text', 'integer', 'bigint', 'decimal', 'real']);

/**
 * Returns the value, as an SQL literal, that a required column gets in each row if the step that dropped it is undone: the same
 * as on PostgreSQL, and one that its CHECK allows, as far as that is the CHECK of a declared column.
 */
export function placeholder(column: SchemaColumn): string {
  const form = storedForm(undefined, column);
  if (form?.kind === 'timestamp' && form.precision === 6) return "'1970-01-01T00:00:00.000000Z'";
  const kind = form?.kind ?? 'text';
  // the CHECK of every other kind has no rules of the column
  return ruled.has(kind) ? allowedValue(values[kind], column.rest) : values[kind];
}
