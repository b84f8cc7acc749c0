import type { GuaranteeObject } from '../contract/guarantee.js';
import { identifier, identifiers } from '../model/index.js';
import { sql } from './template.js';

/** Options of an index. */
export interface IndexObjectOptions {
  readonly unique?: boolean;
  readonly where?: string;
}

/** Builds the CREATE INDEX of an index that a guarantee needs; the SQL is the same on every engine. */
export function indexObject(
  name: string,
  table: string,
  columns: readonly string[],
  { unique = false, where }: IndexObjectOptions = {},
): GuaranteeObject {
  const kind = unique ? 'UNIQUE INDEX' : 'INDEX';
  const rows = where === undefined ? '' : ` WHERE ${where}`;
  return {
    type: 'index',
    name,
    sql: sql`CREATE ${kind} ${identifier(name)} ON ${identifier(table)} (${identifiers(columns)})${rows}`,
  };
}

const columnList =
  /^CREATE UNIQUE INDEX (?:"[^"]+"|\S+) ON (?:"[^"]+"|\S+) \(((?:"[^"]+"|[a-z0-9_]+)(?:, (?:"[^"]+"|[a-z0-9_]+))*)\)/;

/** Returns the columns of a unique index that {@link indexObject} built; `undefined` if the index is another one. */
export function indexedColumns(statement: string): readonly string[] | undefined {
  const [, columns] = columnList.exec(statement) ?? [];
  return columns?.split(', ').map((name) => name.replaceAll('"', ''));
}
