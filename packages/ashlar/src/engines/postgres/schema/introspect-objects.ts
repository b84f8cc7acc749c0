import type { Owner } from '../../../contract/owner.js';
import type { OtherObject, OtherType } from '../../../contract/schema.js';
import { sql } from '../../../sql/template.js';
import { neededFirst } from '../../object-changes.js';

/** The current schema, which PostgreSQL looks up once for each query; a function it would call for each row. */
export const here = '(SELECT oid FROM pg_namespace WHERE nspname = current_schema())';
const notOf = (catalogue: string, oid: string): string =>
  `NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '${catalogue}'::regclass AND e.objid = ${oid} AND e.deptype = 'e')`;

const views = sql`
  SELECT CASE c.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END AS type, c.relname::text AS name, NULL AS "on",
         CASE c.relkind WHEN 'v' THEN 'CREATE VIEW ' ELSE 'CREATE MATERIALIZED VIEW ' END || format('%I', c.relname)
           || coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', '')
           || E' AS\\n' || rtrim(pg_get_viewdef(c.oid, true), ';') AS definition,
         c.oid::bigint AS made,
         (SELECT array_agg(DISTINCT coalesce(r.relname, p.proname, t.typname)::text)
          FROM pg_rewrite w JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
          LEFT JOIN pg_class r ON d.refclassid = 'pg_class'::regclass AND r.oid = d.refobjid AND r.oid <> c.oid
          LEFT JOIN pg_proc p ON d.refclassid = 'pg_proc'::regclass AND p.oid = d.refobjid
          LEFT JOIN pg_type t ON d.refclassid = 'pg_type'::regclass AND t.oid = d.refobjid
          WHERE w.ev_class = c.oid) AS needs
  FROM pg_class c
  WHERE c.relnamespace = ${here} AND c.relkind IN ('v', 'm') AND c.relname NOT LIKE 'ashlar\\_%' AND ${notOf('pg_class', 'c.oid')}
`;

const onViews = sql`
  SELECT 'trigger' AS type, t.tgname::text AS name, c.relname::text AS "on", pg_get_triggerdef(t.oid, true) AS definition,
         t.oid::bigint AS made, ARRAY[c.relname::text] AS needs
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
  WHERE c.relnamespace = ${here} AND c.relkind = 'v' AND NOT t.tgisinternal
  UNION ALL
  SELECT 'index', x.relname::text, c.relname::text, replace(pg_get_indexdef(i.indexrelid, 0, true), ' USING btree ', ' '),
         x.oid::bigint, ARRAY[c.relname::text]
  FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
  WHERE c.relnamespace = ${here} AND c.relkind = 'm'
`;

const rules = sql`
  SELECT 'rule' AS type, w.rulename::text AS name, c.relname::text AS "on", rtrim(pg_get_ruledef(w.oid, true), ';') AS definition,
         w.oid::bigint AS made, ARRAY[c.relname::text] AS needs
  FROM pg_rewrite w JOIN pg_class c ON c.oid = w.ev_class
  WHERE c.relnamespace = ${here} AND w.rulename <> '_RETURN' AND c.relname NOT LIKE 'ashlar\\_%'
`;

const statistics = sql`
  SELECT 'statistics' AS type, s.stxname::text AS name, NULL AS "on", pg_get_statisticsobjdef(s.oid) AS definition,
         s.oid::bigint AS made, ARRAY[c.relname::text] AS needs
  FROM pg_statistic_ext s JOIN pg_class c ON c.oid = s.stxrelid
  WHERE s.stxnamespace = ${here}
`;

const types = sql`
  SELECT CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END AS type, t.typname::text AS name, NULL AS "on",
         CASE t.typtype
           WHEN 'e' THEN format('CREATE TYPE %I AS ENUM (%s)', t.typname,
             (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid))
           WHEN 'd' THEN format('CREATE DOMAIN %I AS %s', t.typname, format_type(t.typbasetype, t.typtypmod))
             || coalesce(' DEFAULT ' || t.typdefault, '') || CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END
             || coalesce((SELECT string_agg(format(' CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid, true)), '' ORDER BY k.conname)
                          FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'), '')
           WHEN 'r' THEN format('CREATE TYPE %I AS RANGE (%s)', t.typname,
             (SELECT format('subtype = %s', format_type(g.rngsubtype, NULL))
                || CASE WHEN g.rngsubdiff = 0 THEN '' ELSE format(', subtype_diff = %s', g.rngsubdiff) END
                || format(', multirange_type_name = %I', m.typname)
              FROM pg_range g JOIN pg_type m ON m.oid = g.rngmultitypid WHERE g.rngtypid = t.oid))
           ELSE format('CREATE TYPE %I AS (%s)', t.typname,
             (SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
              FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped))
         END AS definition,
         t.oid::bigint AS made,
         (SELECT array_agg(DISTINCT r.typname::text) FROM pg_depend d JOIN pg_type r ON r.oid = d.refobjid
          WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.refclassid = 'pg_type'::regclass) AS needs
  FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
  WHERE t.typnamespace = ${here} AND (t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND c.relkind = 'c')
    AND t.typname NOT LIKE 'ashlar\\_%' AND ${notOf('pg_type', 't.oid')}
`;

/** The statement that creates the sequence `s`, which is the relation `c`. */
export const sequenceDefinition = `
  format('CREATE SEQUENCE %I AS %s INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s CACHE %s%s', c.relname,
    format_type(s.seqtypid, NULL), s.seqincrement, s.seqmin, s.seqmax, s.seqstart, s.seqcache,
    CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END)`;

// a sequence of a column (identity, serial) belongs to its table
const sequences = sql`
  SELECT 'sequence' AS type, c.relname::text AS name, NULL AS "on",
         ${sequenceDefinition} AS definition,
         c.oid::bigint AS made, NULL::text[] AS needs
  FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
  WHERE c.relnamespace = ${here} AND c.relname NOT LIKE 'ashlar\\_%'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i', 'e'))
`;

// an extension belongs to the database, and its version to the server
const extensions = sql`
  SELECT 'extension' AS type, e.extname::text AS name, NULL AS "on",
         format('CREATE EXTENSION IF NOT EXISTS %I', e.extname) AS definition, e.oid::bigint AS made, NULL::text[] AS needs
  FROM pg_extension e WHERE e.extname <> 'plpgsql' AND e.extnamespace = ${here}
`;

const queries = { extensions, types, sequences, views, onViews, rules, statistics };

// to plan all of the queries takes a server ten times as long as to see that there is nothing to describe
const present = sql`
  WITH here AS MATERIALIZED (SELECT ${here} AS oid),
    kinds AS MATERIALIZED (SELECT DISTINCT c.relkind FROM pg_class c JOIN here ON c.relnamespace = here.oid)
  SELECT EXISTS (SELECT FROM pg_extension e WHERE e.extname <> 'plpgsql') AS extensions,
         EXISTS (SELECT FROM pg_type t JOIN here ON t.typnamespace = here.oid WHERE t.typtype IN ('e', 'd', 'r'))
           OR EXISTS (SELECT FROM kinds WHERE relkind = 'c') AS types,
         EXISTS (SELECT FROM kinds WHERE relkind = 'S') AS sequences,
         EXISTS (SELECT FROM kinds WHERE relkind IN ('v', 'm')) AS views,
         EXISTS (SELECT FROM kinds WHERE relkind IN ('v', 'm')) AS "onViews",
         EXISTS (SELECT FROM pg_rewrite WHERE rulename <> '_RETURN' AND oid >= 16384) AS rules,
         EXISTS (SELECT FROM pg_statistic_ext) AS statistics
`;

const allOf = (parts: readonly string[]): string =>
  parts
    .map(
      (query) =>
        `SELECT type, name, "on", definition, made, to_json(needs)::text AS needs FROM (${query}) found`,
    )
    .join('\nUNION ALL\n');

/** Reads the objects of the current schema that are neither tables, nor parts of tables, nor functions. */
export async function introspectObjects(owner: Owner): Promise<readonly OtherObject[]> {
  const [found = {}] = await owner.run(present);
  const parts = Object.entries(queries).flatMap(([name, query]) => (found[name] === true ? [query] : []));
  if (parts.length === 0) return [];
  const rows = await owner.run(`SELECT * FROM (${allOf(parts)}) objects ORDER BY made, name`);
  return neededFirst(
    rows.map((row) => ({
      type: String(row.type) as OtherType,
      name: String(row.name),
      on: row.on === null ? undefined : String(row.on),
      definition: String(row.definition),
      needs: (JSON.parse(String(row.needs ?? '[]')) as (string | null)[]).filter(
        (name) => name !== null && name !== row.name,
      ) as string[],
    })),
  );
}
