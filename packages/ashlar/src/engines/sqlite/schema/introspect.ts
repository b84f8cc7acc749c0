import type { GuardedPlace } from '../../../contract/guards.js';
import type { OtherObject, Schema, SchemaObject, SchemaTable } from '../../../contract/schema.js';
import type { RunSql } from '../../../contract/sql.js';
import { namesIn } from '../../../sql/code.js';
import { sql } from '../../../sql/template.js';
import { bareExternal } from '../../external-tables.js';
import { neededFirst } from '../../object-changes.js';
import { isExternal, isOfGuard } from './guarded-entries.js';
import { parseTable } from './parse-table.js';

interface Entry {
  readonly type: string;
  readonly name: string;
  readonly table: string;
  readonly sql: string;
}

// indexes that SQLite makes for keys have no text; a virtual table makes its shadow tables itself
const entries = sql`
  SELECT type, name, tbl_name AS "table", sql
  FROM sqlite_schema
  WHERE sql IS NOT NULL
    AND tbl_name NOT GLOB 'sqlite_*'
    AND tbl_name NOT GLOB 'ashlar_*'
    AND tbl_name NOT IN (SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow')
  ORDER BY name
`;

const isVirtual = ({ sql }: Entry): boolean => /^\s*CREATE\s+VIRTUAL\b/i.test(sql);

/**
 * Reads the schema of a database, except for Ashlar's own tables, from the SQL statements in sqlite_schema.
 *
 * @param guards - the tables that a guard is on, of which only the triggers are read; the tool's other tables are left out
 */
export async function introspect(run: RunSql, guards?: GuardedPlace): Promise<Schema> {
  const found = (await run(entries)) as unknown as readonly Entry[];
  const all = found.filter((entry) => isOfGuard(entry, guards));
  const objects = (type: string, table: string): SchemaObject[] =>
    all
      .filter((entry) => entry.type === type && entry.table === table)
      .map(({ name, sql }) => ({ name, definition: sql.trim() }));
  const tables = all
    .filter((entry) => entry.type === 'table' && !isVirtual(entry))
    .map(({ name, sql }): SchemaTable => {
      const triggers = objects('trigger', name);
      if (isExternal(name, guards)) return { ...bareExternal(name), triggers };
      return { name, ...parseTable(sql, name), indexes: objects('index', name), triggers };
    });
  return { tables, functions: [], objects: otherObjects(all) };
}

const otherObjects = (all: readonly Entry[]): readonly OtherObject[] => {
  const views = new Set(all.filter(({ type }) => type === 'view').map(({ name }) => name));
  const other = (entry: Entry, type: OtherObject['type'], on?: string): OtherObject => ({
    type,
    name: entry.name,
    on,
    definition: entry.sql.trim(),
    needs: namesIn(entry.sql, 'sqlite').filter((name) => name !== entry.name),
  });
  return neededFirst(
    all.flatMap((entry) => {
      if (isVirtual(entry)) return [other(entry, 'virtual table')];
      if (entry.type === 'view') return [other(entry, 'view')];
      return entry.type === 'trigger' && views.has(entry.table) ? [other(entry, 'trigger', entry.table)] : [];
    }),
  );
};
