import type { ChangedRows, ContentsSql, RowWatch } from '../../../contract/contents.js';
import type { RunSql } from '../../../contract/sql.js';
import { literal } from '../../../model/index.js';
import { identityTable } from '../../../sql/identity-table.js';
import { sql } from '../../../sql/template.js';

const tables = sql`
  SELECT c.relname::text AS table, c.oid::text AS id,
         CASE c.relkind WHEN 'p' THEN
           (SELECT coalesce(string_agg(format('%s:%s', l.relid::oid, pg_relation_filenode(l.relid)), ' ' ORDER BY l.relid), '')
            FROM pg_partition_tree(c.oid) l WHERE l.isleaf)
         ELSE c.relfilenode::text END AS storage,
         CASE c.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || format('%I', c.relname) AS source,
         a.attname::text AS column, a.attnum::text AS column_id,
         CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END AS standard,
         a.attgenerated <> '' AS computed
  FROM pg_class c
  LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
  WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p')
    AND NOT c.relispartition AND c.relname NOT IN ('ashlar_migrations', '${identityTable}')
    AND has_table_privilege(c.oid, 'SELECT')
  ORDER BY c.relname, a.attnum
`;

// counted by the server for each transaction, changes by triggers and cascades included
const totals = sql`
  SELECT coalesce(pg_partition_root(relid), relid)::oid::text AS id, sum(n_tup_upd)::text AS updated, sum(n_tup_del)::text AS deleted
  FROM pg_stat_xact_user_tables
  GROUP BY 1
`;

type Totals = ReadonlyMap<string, ChangedRows>;

const none: ChangedRows = { updated: 0, deleted: 0 };

const readTotals = async (run: RunSql): Promise<Totals> =>
  new Map(
    (await run(totals)).map(({ id, updated, deleted }) => [
      String(id),
      { updated: Number(updated), deleted: Number(deleted) },
    ]),
  );

const watch = async (run: RunSql): Promise<RowWatch> => {
  let last = await readTotals(run);
  const changed = new Map<string, ChangedRows>();
  const collect = async (): Promise<void> => {
    const now = await readTotals(run);
    for (const [id, total] of now) {
      const before = last.get(id) ?? none;
      const known = changed.get(id) ?? none;
      changed.set(id, {
        updated: known.updated + total.updated - before.updated,
        deleted: known.deleted + total.deleted - before.deleted,
      });
    }
    last = now;
  };
  return {
    around: async ({ counts }, work) => {
      if (counts) return work();
      await collect();
      const result = await work();
      last = await readTotals(run);
      return result;
    },
    changed: async () => {
      await collect();
      return changed;
    },
    others: async () => false,
  };
};

/** How PostgreSQL counts what a step loses. */
export const postgresContents: ContentsSql = {
  tables,
  estimate: (source) => {
    const table = `${literal(source.replace(/^ONLY /, ''))}::regclass`;
    return sql`
      SELECT coalesce(sum(greatest(reltuples, 0)), 0)::bigint::text AS rows FROM pg_class
      WHERE relkind = 'r' AND (oid = ${table} OR oid IN (SELECT relid FROM pg_partition_tree(${table})))
    `;
  },
  fingerprint: (column) =>
    `concat_ws(' ', count(${column}), min(${column}::text), max(${column}::text), sum(hashtextextended(${column}::text, 0)::numeric))`,
  text: (expression) => `(${expression})::text`,
  lock: (source) => `LOCK TABLE ${source} IN SHARE ROW EXCLUSIVE MODE`,
  watch,
};
