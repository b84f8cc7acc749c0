import type { GuardedPlace } from '../../../contract/guards.js';
import { literal } from '../../../model/index.js';
import { sql } from '../../../sql/template.js';
import { externalSecurity } from '../../external-tables.js';
import { dependsOn } from './dependencies.js';
import { calls, firstOfUsers } from './judged.js';
import { refusesRows } from './refusing.js';

/** A query of parts: `kind`, `on`, `name`, `partition`, `outside`, `reads` and `facts`. It uses the relations of {@link common}. */
export type PartsSql = string;

/** Facts of storage, which change no result: a DBA tunes them. */
const storage = `'^(autovacuum_|toast[.]|vacuum_|log_autovacuum|fillfactor|parallel_workers|toast_tuple_target)'`;

/** Returns the SQL expression for a role: its name, quoted where `{owner}` would need quotes; or the owner of the schema's objects. */
export const roleName = (oid: string): string =>
  `CASE WHEN ${oid} = here.owner THEN '{owner}' ELSE quote_ident(pg_get_userbyid(${oid})) END`;

/** Returns the SQL expression for a relation: its plain name in the schema and of a guarded table, elsewhere the quoted name with its schema. */
export const relationName = (oid: string): string =>
  `(SELECT CASE WHEN named.relnamespace = here.oid OR EXISTS (SELECT FROM rel WHERE rel.oid = named.oid) THEN named.relname::text ELSE named.oid::regclass::text END FROM pg_class named CROSS JOIN here WHERE named.oid = ${oid})`;

/** The fact of what a part depends on outside `pg_catalog` and the schema. */
export const depends = 'depends on';

/** Returns the SQL condition that an object is no member of an extension. */
export const isNoMember = (catalogue: string, oid: string): string =>
  `NOT EXISTS (SELECT FROM pg_depend member WHERE member.classid = '${catalogue}'::regclass AND member.objid = ${oid} AND member.deptype = 'e')`;

/** Returns the SQL expression for facts; those without a value are left out. */
export const factsOf = (facts: Readonly<Record<string, string>>): string =>
  `jsonb_strip_nulls(jsonb_build_object(${Object.entries(facts)
    .map(([name, value]) => `'${name}', nullif((${value})::text, '')`)
    .join(', ')}))::text`;

/**
 * The relations that the queries of parts share: the schema with the owner of its objects, and its tables and views.
 *
 * @param schema - the name of the schema as an SQL string
 * @param guards - where the tables are that a guard is on: they are `external`
 */
export const common = (schema: string, guards?: GuardedPlace): string => sql`
  here AS MATERIALIZED (
    SELECT n.oid, coalesce((SELECT c.relowner FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname = 'ashlar_migrations'), n.nspowner) AS owner
    FROM pg_namespace n WHERE n.nspname = ${schema}
  ),
  rel AS MATERIALIZED (
    SELECT c.oid, c.relname::text AS name, c.relkind, c.relispartition,
      CASE WHEN c.relispartition THEN (SELECT r.relname::text FROM pg_class r WHERE r.oid = pg_partition_root(c.oid)) ELSE c.relname::text END AS root,
      CASE WHEN c.relispartition THEN c.relname::text END AS partition, false AS external
    FROM pg_class c JOIN here ON c.relnamespace = here.oid
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND (c.relkind NOT IN ('r', 'p', 'f') OR ${isNoMember('pg_class', 'c.oid')})
    ${guards === undefined ? undefined : [externalRelations(guards)]}
  )
`;

const externalRelations = ({ schema, tables }: GuardedPlace): string => sql`
  UNION ALL
  SELECT c.oid, c.relname::text, c.relkind, false, c.relname::text, NULL, true
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = ${literal(schema)} AND c.relkind IN ('r', 'p') AND c.relname = ANY (ARRAY[${tables.map(literal).join(', ')}]::name[])
`;

/** The SQL relation of the tables and views of the schema, and of the views of any schema that read one of them. */
export const readers = sql`
  (
    WITH RECURSIVE reader AS (
      SELECT rel.oid FROM rel
      UNION
      SELECT w.ev_class FROM reader
      JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = reader.oid AND d.classid = 'pg_rewrite'::regclass
      JOIN pg_rewrite w ON w.oid = d.objid AND w.rulename = '_RETURN'
    )
    SELECT DISTINCT oid FROM reader
  )
`;

/** The tables whose rows are those of a child too, as a JSON array. */
const parents = `(SELECT jsonb_agg(${relationName('i.inhparent')} ORDER BY i.inhseqno) FROM pg_inherits i WHERE i.inhrelid = c.oid AND NOT c.relispartition)::text`;

// the server looks for none of these where the row of the relation says that there are none
const passedOver = `concat_ws(', ',
    CASE WHEN NOT c.relhastriggers AND EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = c.oid) THEN 'triggers' END,
    CASE WHEN NOT c.relhasindex AND EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid) THEN 'indexes' END,
    CASE WHEN NOT c.relhasrules AND EXISTS (SELECT FROM pg_rewrite w WHERE w.ev_class = c.oid) THEN 'rules' END,
    CASE WHEN NOT c.relhassubclass AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid) THEN 'children' END,
    CASE WHEN c.relchecks <> (SELECT count(*) FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c') THEN 'CHECKs' END)`;

const tables: PartsSql = sql`
  SELECT CASE WHEN c.relispartition THEN 'partition' WHEN c.relkind = 'f' THEN 'foreign table' ELSE 'table' END AS kind,
    CASE WHEN c.relispartition THEN rel.root END AS "on", rel.name, rel.partition, false AS outside, ${parents} AS reads,
    ${factsOf({
      owner: roleName('c.relowner'),
      'kind of storage': `CASE c.relkind WHEN 'f' THEN 'foreign' WHEN 'p' THEN 'partitioned' END`,
      persistence: `CASE c.relpersistence WHEN 'u' THEN 'unlogged' WHEN 't' THEN 'temporary' END`,
      'replica identity': `CASE c.relreplident WHEN 'd' THEN NULL ELSE c.relreplident END`,
      'row-level security': `CASE WHEN c.relrowsecurity AND c.relforcerowsecurity THEN 'forced' WHEN c.relrowsecurity THEN 'on, not for the owner' WHEN c.relforcerowsecurity THEN 'off, forced' END`,
      parents: `(SELECT string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno) FROM pg_inherits i WHERE i.inhrelid = c.oid AND NOT c.relispartition)`,
      detaching: `(SELECT 'yes' FROM pg_inherits i WHERE i.inhrelid = c.oid AND i.inhdetachpending)`,
      'partitioned by': `CASE c.relkind WHEN 'p' THEN pg_get_partkeydef(c.oid) END`,
      'access method': `(SELECT nullif(am.amname, 'heap') FROM pg_am am WHERE am.oid = c.relam)`,
      server: `(SELECT concat_ws(' ', quote_ident(s.srvname), array_to_string(f.ftoptions, ', ')) FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = c.oid)`,
      'of type': `CASE WHEN c.reloftype <> 0 THEN c.reloftype::regtype END`,
      'passed over by the server': passedOver,
      options: `(SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(c.reloptions) o WHERE o !~ ${storage})`,
      tuning: `concat_ws(', ', (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(c.reloptions) o WHERE o ~ ${storage}), (SELECT 'tablespace ' || s.spcname FROM pg_tablespace s WHERE s.oid = c.reltablespace))`,
      comment: `obj_description(c.oid, 'pg_class')`,
    })} AS facts
  FROM rel JOIN pg_class c ON c.oid = rel.oid CROSS JOIN here
  WHERE c.relkind IN ('r', 'p', 'f') AND NOT rel.external
  UNION ALL
  -- what its tool makes of a table is the tool's own
  SELECT 'table', NULL, rel.name, NULL, false, NULL,
    ${factsOf({
      [externalSecurity]: `CASE WHEN c.relrowsecurity AND c.relforcerowsecurity THEN 'forced' WHEN c.relrowsecurity THEN 'on, not for the owner' END`,
    })}
  FROM rel JOIN pg_class c ON c.oid = rel.oid WHERE rel.external
`;

const columns: PartsSql = sql`
  SELECT 'column', rel.root, a.attname::text, rel.partition, false, NULL,
    ${factsOf({
      type: 'format_type(a.atttypid, a.atttypmod)',
      // since PostgreSQL 18 NOT NULL can be not validated
      'not null': `CASE WHEN a.attnotnull AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = a.attrelid AND k.contype = 'n' AND NOT k.convalidated AND a.attnum = ANY (k.conkey)) THEN 'yes' END`,
      default: `CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END`,
      computed: `CASE WHEN a.attgenerated <> '' THEN a.attgenerated::text || ' ' || pg_get_expr(d.adbin, d.adrelid) END`,
      // a partition takes the identity of its table since PostgreSQL 17 only
      identity: `CASE WHEN NOT rel.relispartition THEN a.attidentity::text END`,
      collation: `CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END`,
      'options of the server': `array_to_string(a.attfdwoptions, ', ')`,
      [depends]: dependsOn(['pg_class', 'a.attrelid', 'a.attnum'], ['pg_attrdef', 'd.oid']),
      comment: 'col_description(a.attrelid, a.attnum)',
    })}
  FROM rel JOIN pg_attribute a ON a.attrelid = rel.oid
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attnum > 0 AND NOT a.attisdropped AND (rel.relkind IN ('r', 'p', 'f') OR a.atthasdef) AND NOT rel.external
`;

// those of an index are all of storage, and stand before its condition
const withoutOptions = (definition: string, options: string): string =>
  `CASE WHEN ${options} IS NULL THEN ${definition} ELSE regexp_replace(${definition}, ' WITH \\([^()]*\\)(?= USING | TABLESPACE | WHERE | DEFERRABLE| INITIALLY|$)', '') END`;

// pretty: text between parentheses that AND does not need is read back as another tree, after a down or a restore
// contype n: NOT NULL, a fact of the column; conparentid: for each partition that a foreign key refers to
const constraints: PartsSql = sql`
  SELECT 'constraint', rel.root, k.conname::text, rel.partition, false, NULL,
    ${factsOf({ definition: withoutOptions('pg_get_constraintdef(k.oid, true)', 'x.reloptions'), [depends]: dependsOn(['pg_constraint', 'k.oid']) })}
  FROM rel JOIN pg_constraint k ON k.conrelid = rel.oid LEFT JOIN pg_class x ON x.oid = k.conindid
  WHERE k.contype IN ('p', 'u', 'f', 'c', 'x') AND (k.conparentid = 0 OR rel.relispartition) AND NOT rel.external
`;

const indexes: PartsSql = sql`
  SELECT 'index', rel.root, x.relname::text, rel.partition, false, NULL,
    ${factsOf({
      definition: withoutOptions(
        `replace(replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON '), ' USING btree ', ' ')`,
        'x.reloptions',
      ),
      tuning: `array_to_string(x.reloptions, ', ')`,
      valid: `CASE WHEN i.indisvalid AND i.indisready AND i.indislive THEN NULL ELSE 'no' END`,
      [depends]: dependsOn(['pg_class', 'i.indexrelid']),
      'replica identity': `CASE WHEN i.indisreplident THEN 'yes' END`,
      calls: calls(`d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid`),
      refuses: refusesRows('i'),
    })}
  FROM rel JOIN pg_index i ON i.indrelid = rel.oid JOIN pg_class x ON x.oid = i.indexrelid WHERE NOT rel.external
`;

const fires = (column: string): string =>
  `CASE ${column} WHEN 'O' THEN 'usually' WHEN 'A' THEN 'always' WHEN 'R' THEN 'on replicas' ELSE 'never' END`;

// those of keys; another one that is marked as internal is described like any other
const isOfKey = `t.tgisinternal AND EXISTS (SELECT FROM pg_constraint k JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE k.oid = t.tgconstraint AND p.oid < ${firstOfUsers} AND p.proname ~ '^(RI_FKey_|unique_key_recheck)')`;

const triggers: PartsSql = sql`
  SELECT 'trigger', rel.root, t.tgname::text, rel.partition, false, NULL,
    ${factsOf({
      definition: 'pg_get_triggerdef(t.oid)',
      fires: fires('t.tgenabled'),
      [depends]: dependsOn(['pg_trigger', 't.oid']),
      'runs as': `(SELECT 'owner' FROM pg_proc p WHERE p.oid = t.tgfoid AND p.prosecdef)`,
    })}
  FROM rel JOIN pg_trigger t ON t.tgrelid = rel.oid WHERE NOT (${isOfKey})
  UNION ALL
  -- the names of internal triggers are numbers
  SELECT 'key trigger', rel.root, format('%s of %s', t.tgfoid::regproc, k.conname), rel.partition, false, NULL,
    ${factsOf({
      definition: `concat_ws(' ', t.tgfoid::regproc, t.tgtype, CASE WHEN t.tgdeferrable THEN 'deferrable' END, CASE WHEN t.tginitdeferred THEN 'deferred' END)`,
      fires: fires('t.tgenabled'),
    })}
  FROM rel JOIN pg_trigger t ON t.tgrelid = rel.oid JOIN pg_constraint k ON k.oid = t.tgconstraint
  WHERE ${isOfKey} AND (k.conparentid = 0 OR rel.relispartition) AND NOT rel.external
`;

const policies: PartsSql = sql`
  SELECT 'policy', rel.root, p.polname::text, rel.partition, false, NULL,
    ${factsOf({
      command: `CASE p.polcmd WHEN '*' THEN NULL ELSE p.polcmd END`,
      permissive: `CASE WHEN p.polpermissive THEN NULL ELSE 'no' END`,
      // one that is no role any more is one, too: the policy is not that of all roles
      roles: `CASE WHEN p.polroles <> '{0}' THEN (SELECT string_agg(${roleName('of.id')}, ', ' ORDER BY pg_get_userbyid(of.id)) FROM unnest(p.polroles) of(id)) END`,
      using: 'pg_get_expr(p.polqual, p.polrelid)',
      check: 'pg_get_expr(p.polwithcheck, p.polrelid)',
      [depends]: dependsOn(['pg_policy', 'p.oid']),
    })}
  FROM rel JOIN pg_policy p ON p.polrelid = rel.oid CROSS JOIN here
`;

/** The other relations that a rule `w` names, as a JSON array. */
export const ruleReads = `(SELECT jsonb_agg(DISTINCT ${relationName('d.refobjid')}) FROM pg_depend d
    WHERE d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> w.ev_class)::text`;

const rules: PartsSql = sql`
  SELECT 'rule', rel.root, w.rulename::text, rel.partition, false, ${ruleReads},
    ${factsOf({ definition: 'pg_get_ruledef(w.oid)', fires: fires('w.ev_enabled'), [depends]: dependsOn(['pg_rewrite', 'w.oid']) })}
  FROM rel JOIN pg_rewrite w ON w.ev_class = rel.oid WHERE w.rulename <> '_RETURN'
`;

/** The tables of a schema, and all that belongs to them. */
export const relationParts: readonly PartsSql[] = [
  tables,
  columns,
  constraints,
  indexes,
  triggers,
  policies,
  rules,
];
