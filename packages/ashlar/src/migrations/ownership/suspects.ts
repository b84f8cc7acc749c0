import type { Schema } from '../../contract/schema.js';
import type { SqlName } from '../../contract/sql.js';
import { namesIn } from '../../sql/code.js';
import type { KeyedObject } from './keys.js';

/** A statement that failed. */
export interface FailedStatement {
  readonly sql: string;
  readonly dialect: SqlName;
  /** The schema in which it failed. */
  readonly schema: Schema;
  /** The columns that its step drops, if they are known. */
  readonly dropped?: readonly string[];
}

/**
 * Returns the keys of the objects that may have kept a statement from running, because the engine does not always say which did:
 * those that name a column which its step drops; if there is none, a column that the statement names; then a table that it
 * names.
 */
export function suspects(
  objects: readonly KeyedObject[],
  { sql, dialect, schema, dropped = [] }: FailedStatement,
): readonly string[] {
  const lower = (names: readonly string[]): readonly string[] => names.map((name) => name.toLowerCase());
  const stated = new Set(lower(namesIn(sql, dialect)));
  // or its replacement
  const isStated = (table: string): boolean =>
    [...stated].some((name) => name === table || name.endsWith(`_${table}`));
  const naming = (names: readonly string[]): readonly string[] => {
    const wanted = new Set(lower(names));
    return objects.flatMap(({ key, name, table, definition }) => {
      const isElsewhere = table !== undefined && !isStated(table.toLowerCase());
      const own = lower([...namesIn(definition, dialect), name, table ?? '']);
      return !isElsewhere && own.some((each) => wanted.has(each)) ? [key] : [];
    });
  };
  const inStatement = (names: readonly string[]): readonly string[] =>
    names.filter((name) => stated.has(name.toLowerCase()));
  const columns = schema.tables.flatMap((table) => table.columns.map(({ name }) => name));
  const tables = schema.tables.map(({ name }) => name);
  return (
    [dropped, inStatement(columns), inStatement(tables)].map(naming).find((keys) => keys.length > 0) ?? []
  );
}
