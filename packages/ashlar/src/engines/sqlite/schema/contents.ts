import type { ChangedRows, ContentsSql, RowWatch } from '../../../contract/contents.js';
import type { RunSql } from '../../../contract/sql.js';
import { codeOf, hasWords } from '../../../sql/code.js';
import { identityTable } from '../../../sql/identity-table.js';
import { sql } from '../../../sql/template.js';
import { testMarkTable } from '../../../sql/test-mark.js';

// no identity survives: a table that is created again may get the root page of the dropped one; shadow tables belong to a
// virtual table, and an index of words over the rows of a table holds nothing of its own
const tables = sql`
  SELECT l.name AS "table", l.name AS id, '' AS storage, '"' || replace(l.name, '"', '""') || '"' AS source,
         c.name AS "column", NULL AS column_id, c.dflt_value AS standard, c.hidden > 0 AS computed
  FROM pragma_table_list l
  LEFT JOIN pragma_table_xinfo(l.name) c
  WHERE l.schema = 'main' AND l.type IN ('table', 'virtual') AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
    AND l.name NOT IN ('ashlar_migrations', 'ashlar_session', 'ashlar_purge', '${testMarkTable}', '${identityTable}')
    AND NOT (l.type = 'virtual' AND l.name IN (
      SELECT v.name FROM main.sqlite_schema v
      WHERE (replace(v.sql, ' ', '') LIKE '%content=%' AND replace(v.sql, ' ', '') NOT LIKE '%content=''''%')
        OR (SELECT count(*) FROM main.sqlite_schema t WHERE t.type = 'trigger'
            AND t.name IN (v.name || '_insert', v.name || '_update', v.name || '_delete')) = 3
    ))
  ORDER BY l.name, c.cid
`;

const number = async (run: RunSql, expression: string): Promise<number> => {
  const [row] = await run(`SELECT ${expression} AS n`);
  return Number(row?.n);
};

const watch = async (run: RunSql): Promise<RowWatch> => {
  const first = await number(run, 'total_changes()');
  const changed = new Map<string, ChangedRows>();
  let dropped = false;
  return {
    around: async ({ sql: text, table, counts }, work) => {
      const result = await work();
      const tokens = codeOf(text, 'sqlite');
      dropped ||= hasWords(tokens, 0, 'DROP', 'TABLE');
      if (table !== undefined && counts) {
        const rows = await number(run, 'changes()');
        const known = changed.get(table) ?? { updated: 0, deleted: 0 };
        const isDelete = tokens.some(({ word }) => word === 'DELETE');
        changed.set(table, {
          updated: known.updated + (isDelete ? 0 : rows),
          deleted: known.deleted + (isDelete ? rows : 0),
        });
      }
      return result;
    },
    changed: async () => changed,
    // triggers and cascades change other tables than the statement names
    others: async () => dropped || (await number(run, 'total_changes()')) > first,
  };
};

/** How SQLite counts what a step loses. */
export const sqliteContents: ContentsSql = {
  tables,
  estimate: (source) => `SELECT count(*) AS rows FROM ${source}`,
  // SQLite has no hash function
  fingerprint: (column) =>
    `count(${column}) || ' ' || coalesce(min(${column}), '') || ' ' || coalesce(max(${column}), '') || ' ' || coalesce(sum(length(CAST(${column} AS BLOB))), 0)`,
  text: (expression) => `(${expression})`,
  // BEGIN IMMEDIATE keeps all other writers out
  lock: () => undefined,
  watch,
};
