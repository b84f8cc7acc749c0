import { literal } from '../../../model/index.js';
import { sql } from '../../../sql/template.js';
import { isComponent } from '../catalogue/judged.js';
import { isStrong } from './callable.js';
import { type Asked, type PowerQuery, routineOf, routineText } from './power-query.js';

/*
 * Code that runs with the rights of an owner although nobody of the application may call it: the server asks for EXECUTE when a
 * trigger is made, and not when it fires; of the functions of an aggregate it asks the owner of the aggregate; of those that order
 * values, nobody.
 */

/**
 * The relations that a statement of a role can write: those that it has a right on, and those that a rule, a view or a foreign key
 * of them writes. What a key does, it does as the owner of its table (ri_triggers.c), and so do the triggers of that table.
 */
const written = sql`
  (
    WITH RECURSIVE written AS (
      SELECT r.oid AS role, c.oid AS relation, false AS cascades
      FROM served r CROSS JOIN pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE NOT r.rolsuper AND c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_toast'
        AND has_schema_privilege(r.oid, n.oid, 'USAGE')
        AND (has_table_privilege(r.oid, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') OR has_any_column_privilege(r.oid, c.oid, 'INSERT, UPDATE'))
      UNION
      SELECT w.role, next.relation, next.cascades
      FROM written w CROSS JOIN LATERAL (
        SELECT d.refobjid AS relation, w.cascades
        FROM pg_rewrite x JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = x.oid AND d.refclassid = 'pg_class'::regclass
        WHERE x.ev_class = w.relation AND d.refobjid <> w.relation
        UNION ALL
        SELECT k.conrelid, true FROM pg_constraint k
        WHERE k.contype = 'f' AND k.confrelid = w.relation AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd'))
        UNION ALL
        SELECT i.inhrelid, w.cascades FROM pg_inherits i WHERE i.inhparent = w.relation
      ) next
    )
    SELECT DISTINCT role, relation, cascades FROM written
  )
`;

// clones of a trigger, on partitions, go with it
const triggers = (asked: Asked): PowerQuery => sql`
  SELECT format('%s can make %s run as %s, by a statement on %s', string_agg(DISTINCT r.rolname, ' and '), f.routine, f.owner, min(f.relation::regclass::text)) AS finding,
    string_agg(DISTINCT format('DROP TRIGGER %I ON %s', f.tgname, f.relation::regclass), '; ') FILTER (WHERE NOT f.cloned) AS remedy, f.object, false AS named
  FROM (
    SELECT t.tgname, t.tgrelid AS relation, t.tgparentid <> 0 AS cloned, ${routineText} AS routine, o.rolname AS owner, o.oid AS runner, p.prosecdef AS always,
      -- what a schema has of its own is accepted with its functions
      CASE WHEN c.relnamespace = n.oid THEN 'function ' || ${routineText} ELSE format('trigger %I of %s', t.tgname, t.tgrelid::regclass) END AS object
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_roles o ON o.oid = CASE WHEN p.prosecdef THEN p.proowner ELSE c.relowner END AND ${isStrong(asked)}
    -- one that calls a function of the schema is a finding already, and so is one on a table of it
    WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND n.nspname <> ${literal(asked.schema)}
      AND c.relnamespace <> (SELECT oid FROM pg_namespace WHERE nspname = ${literal(asked.schema)})
  ) f JOIN ${written} w ON w.relation = f.relation AND (f.always OR w.cascades) JOIN served r ON r.oid = w.role AND r.oid <> f.runner
  GROUP BY f.routine, f.owner, f.object
`;

// an aggregate of the schema, or over a function of it, is compared with the steps
const aggregates = (asked: Asked): PowerQuery => sql`
  SELECT format('%s may call the aggregate %s, which runs %s as %s', string_agg(DISTINCT r.rolname, ' and '), ${routineText}, ${routineOf('f', 'm')}, o.rolname),
    format('DROP AGGREGATE %s', ${routineText}), format(CASE WHEN n.oid = m.oid THEN 'function %s' ELSE 'aggregate %s' END, ${routineText}), false
  FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid JOIN pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_proc f ON ${isComponent} AND f.prosecdef JOIN pg_namespace m ON m.oid = f.pronamespace
  JOIN pg_roles o ON o.oid = f.proowner AND ${isStrong(asked)}
  JOIN served r ON NOT r.rolsuper AND r.oid <> o.oid AND has_function_privilege(r.oid, p.oid, 'EXECUTE') AND has_schema_privilege(r.oid, n.oid, 'USAGE')
  WHERE ${literal(asked.schema)} NOT IN (n.nspname, m.nspname)
  GROUP BY p.oid, p.proname, n.oid, n.nspname, f.oid, f.proname, m.oid, m.nspname, o.rolname
`;

// every comparison of two values of the type calls it
const unchecked = (asked: Asked): PowerQuery => sql`
  SELECT format('%s, which runs as %s, is called without a check by %s', ${routineOf('f', 'm')}, o.rolname, pg_describe_object(d.classid, d.objid, 0)),
    NULL, format('function %s', ${routineOf('f', 'm')}), false
  FROM pg_proc f JOIN pg_namespace m ON m.oid = f.pronamespace JOIN pg_roles o ON o.oid = f.proowner AND ${isStrong(asked)}
  JOIN pg_depend d ON d.refclassid = 'pg_proc'::regclass AND d.refobjid = f.oid
    AND d.classid IN ('pg_amproc'::regclass, 'pg_type'::regclass, 'pg_opclass'::regclass, 'pg_am'::regclass, 'pg_language'::regclass, 'pg_transform'::regclass,
      'pg_ts_template'::regclass, 'pg_ts_parser'::regclass, 'pg_conversion'::regclass, 'pg_foreign_data_wrapper'::regclass)
  WHERE f.prosecdef
  UNION ALL
  SELECT format('%s, which runs as %s, is called without a check by the range type %s', ${routineOf('f', 'm')}, o.rolname, g.rngtypid::regtype),
    NULL, format('function %s', ${routineOf('f', 'm')}), false
  FROM pg_range g JOIN pg_proc f ON f.oid IN (g.rngcanonical, g.rngsubdiff) AND f.prosecdef JOIN pg_namespace m ON m.oid = f.pronamespace
  JOIN pg_roles o ON o.oid = f.proowner AND ${isStrong(asked)}
`;

/** What runs as an owner who can do what the application cannot, without anybody calling it by its name. */
export function reachedFunctions(asked: Asked): readonly PowerQuery[] {
  return [triggers(asked), aggregates(asked), unchecked(asked)];
}
