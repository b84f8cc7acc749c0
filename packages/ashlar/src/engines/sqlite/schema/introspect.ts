import type { Schema, SchemaObject, SchemaTable } from '../../../contract/schema.js';
import type { RunSql } from '../../../contract/sql.js';
import { sql } from '../../../sql/template.js';
import { parseTable } from './parse-table.js';

interface Entry {
  readonly type: string;
  readonly name: string;
  readonly table: string;
  readonly sql: string;
}

// indexes that SQLite makes for keys have no text
const entries = sql`
  SELECT type, name, tbl_name AS "table", sql
  FROM sqlite_schema
  WHERE sql IS NOT NULL
    AND tbl_name NOT GLOB 'sqlite_*'
    AND tbl_name NOT GLOB 'ashlar_*'
  ORDER BY name
`;

/** Reads the schema of a database, except for Ashlar's own tables, from the SQL statements in sqlite_schema. */
export async function introspect(run: RunSql): Promise<Schema> {
  const all = (await run(entries)) as unknown as readonly Entry[];
  const objects = (type: string, table: string): SchemaObject[] =>
    all
      .filter((entry) => entry.type === type && entry.table === table)
      .map(({ name, sql }) => ({ name, definition: sql.trim() }));
  const tables = all
    .filter(({ type }) => type === 'table')
    .map(
      ({ name, sql }): SchemaTable => ({
        name,
        ...parseTable(sql, name),
        indexes: objects('index', name),
        triggers: objects('trigger', name),
      }),
    );
  return { tables, functions: [] };
}
