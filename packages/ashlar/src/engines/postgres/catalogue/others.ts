import { sql } from '../../../sql/template.js';
import { dependsOn } from './dependencies.js';
import { depends, factsOf, isNoMember, type PartsSql, relationName, roleName } from './relations.js';

/** What a view is, in any schema; `v` is its row of pg_class. */
const viewFacts = factsOf({
  owner: roleName('v.relowner'),
  options: `(SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(v.reloptions) o WHERE o NOT LIKE 'security_invoker=%')`,
  invoker: `(SELECT CASE WHEN option_value::boolean THEN 'yes' END FROM pg_options_to_table(v.reloptions) WHERE option_name = 'security_invoker')`,
  definition: 'pg_get_viewdef(v.oid)',
  [depends]: dependsOn(['pg_rewrite', '(SELECT w.oid FROM pg_rewrite w WHERE w.ev_class = v.oid LIMIT 1)']),
  populated: `CASE WHEN v.relkind = 'm' AND NOT v.relispopulated THEN 'no' END`,
});

const viewKind = `CASE v.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END`;

/** The relations that a view reads, as a JSON array. */
const reads = `(SELECT jsonb_agg(DISTINCT ${relationName('d.refobjid')}) FROM pg_rewrite w
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
    WHERE w.ev_class = v.oid AND d.refobjid <> v.oid)::text`;

// a view of another schema can also read one that reads ours
const views: PartsSql = sql`
  SELECT ${viewKind}, NULL, v.relname::text, NULL, false, ${reads}, ${viewFacts}
  FROM pg_class v JOIN here ON v.relnamespace = here.oid WHERE v.relkind IN ('v', 'm')
  UNION ALL
  SELECT ${viewKind}, NULL, v.oid::regclass::text, NULL, true, ${reads}, ${viewFacts}
  FROM (
    WITH RECURSIVE reader AS (
      SELECT rel.oid FROM rel
      UNION
      SELECT w.ev_class FROM reader
      JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = reader.oid AND d.classid = 'pg_rewrite'::regclass
      JOIN pg_rewrite w ON w.oid = d.objid
    )
    SELECT DISTINCT oid FROM reader
  ) found JOIN pg_class v ON v.oid = found.oid CROSS JOIN here
  WHERE v.relkind IN ('v', 'm') AND v.relnamespace <> here.oid
`;

const functionFacts = factsOf({
  identity: `'(' || pg_get_function_identity_arguments(p.oid) || ')'`,
  kind: `CASE p.prokind WHEN 'f' THEN NULL ELSE p.prokind END`,
  arguments: 'pg_get_function_arguments(p.oid)',
  result: 'pg_get_function_result(p.oid)',
  language: '(SELECT l.lanname FROM pg_language l WHERE l.oid = p.prolang)',
  body: 'p.prosrc',
  library: 'p.probin',
  [depends]: dependsOn(['pg_proc', 'p.oid']),
  'SQL body': 'pg_get_function_sqlbody(p.oid)',
  volatility: `CASE p.provolatile WHEN 'v' THEN 'volatile' WHEN 's' THEN 'stable' ELSE 'immutable' END`,
  security: `CASE WHEN p.prosecdef THEN 'definer' ELSE 'invoker' END`,
  strict: `CASE WHEN p.proisstrict THEN 'yes' END`,
  leakproof: `CASE WHEN p.proleakproof THEN 'yes' END`,
  parallel: `CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' END`,
  settings: 'array_to_json(p.proconfig)',
  support: `CASE WHEN p.prosupport <> 0 THEN p.prosupport::text END`,
  aggregate: `(SELECT concat_ws(' ', a.aggkind, a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggtranstype::regtype, a.agginitval) FROM pg_aggregate a WHERE a.aggfnoid = p.oid)`,
  owner: roleName('p.proowner'),
  tuning: `concat_ws(' ', p.procost, p.prorows)`,
});

const signature = `format('%I', p.proname) || CASE WHEN p.pronargs = 0 THEN '' ELSE '(' || pg_get_function_identity_arguments(p.oid) || ')' END`;

const rangeFunction = `EXISTS (SELECT FROM pg_depend i WHERE i.classid = 'pg_proc'::regclass AND i.objid = p.oid AND i.deptype = 'i')`;

// a member of an extension can run as its owner too, and any owner of an extension adds members to it
const functions: PartsSql = sql`
  SELECT 'function', NULL, ${signature}, NULL, false, NULL, ${functionFacts}
  FROM pg_proc p JOIN here ON p.pronamespace = here.oid
  WHERE NOT ${rangeFunction} AND (p.prosecdef OR ${isNoMember('pg_proc', 'p.oid')})
`;

/**
 * Functions of other schemas that run with the rights of the owner, or of one who may act as the owner and name the schema. A
 * schema with a history of its own is compared with its own steps.
 */
const functionsElsewhere = (schema: string): PartsSql => sql`
  SELECT 'function', NULL, n.nspname || '.' || ${signature}, NULL, true, NULL, ${functionFacts}
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace CROSS JOIN here
  WHERE p.prosecdef AND n.oid <> here.oid AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND NOT EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname = 'ashlar_migrations')
    AND ${isNoMember('pg_proc', 'p.oid')}
    AND (p.proowner = here.owner AND NOT (SELECT r.rolsuper FROM pg_roles r WHERE r.oid = here.owner)
      OR pg_has_role(p.proowner, here.owner, 'MEMBER')
        AND (strpos(p.prosrc, quote_ident(${schema}) || '.') > 0 OR strpos(array_to_string(p.proconfig, ' '), ${schema}) > 0))
`;

const types: PartsSql = sql`
  SELECT CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END, NULL, t.typname::text, NULL, false, NULL,
    ${factsOf({
      owner: roleName('t.typowner'),
      values: `(SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid)`,
      base: `CASE t.typtype WHEN 'd' THEN format_type(t.typbasetype, t.typtypmod) WHEN 'b' THEN t.typinput::text END`,
      'not null': `CASE WHEN t.typnotnull THEN 'yes' END`,
      default: 't.typdefault',
      checks: `(SELECT string_agg(quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid), '; ' ORDER BY k.conname) FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c')`,
      range: `(SELECT concat_ws(' ', format_type(g.rngsubtype, NULL), g.rngcollation, g.rngsubdiff, g.rngcanonical) FROM pg_range g WHERE g.rngtypid = t.oid)`,
      [depends]: dependsOn(
        ['pg_type', 't.oid'],
        ['pg_class', 't.typrelid'],
        ['pg_constraint', 'ANY (ARRAY(SELECT k.oid FROM pg_constraint k WHERE k.contypid = t.oid))'],
      ),
      attributes: `(SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped WHERE c.oid = t.typrelid)`,
    })}
  FROM pg_type t JOIN here ON t.typnamespace = here.oid
  WHERE (t.typtype IN ('e', 'd', 'r', 'p') OR t.typtype = 'b' AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)
      OR t.typtype = 'c' AND EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
    AND ${isNoMember('pg_type', 't.oid')}
`;

const sequences: PartsSql = sql`
  SELECT 'sequence', NULL, c.relname::text, NULL, false, NULL,
    ${factsOf({
      owner: roleName('c.relowner'),
      definition: `concat_ws(' ', format_type(s.seqtypid, NULL), 'by', s.seqincrement, 'from', s.seqmin, 'to', s.seqmax, 'start', s.seqstart, 'cache', s.seqcache, CASE WHEN s.seqcycle THEN 'cycle' END)`,
      persistence: `CASE c.relpersistence WHEN 'u' THEN 'unlogged' END`,
      column: `(SELECT string_agg(d.refobjid::regclass::text || '.' || a.attname, ', ') FROM pg_depend d
        JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i'))`,
    })}
  FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN here ON c.relnamespace = here.oid
  WHERE ${isNoMember('pg_class', 'c.oid')}
`;

const statistics: PartsSql = sql`
  SELECT 'statistics', NULL, s.stxname::text, NULL, false, NULL,
    ${factsOf({ definition: 'pg_get_statisticsobjdef(s.oid)', owner: roleName('s.stxowner'), [depends]: dependsOn(['pg_statistic_ext', 's.oid']) })}
  FROM pg_statistic_ext s JOIN here ON s.stxnamespace = here.oid
`;

const ofTheDatabase: readonly PartsSql[] = [
  sql`
    SELECT 'extension', NULL, e.extname::text, NULL, true, NULL, '{}'
    FROM pg_extension e WHERE e.extname <> 'plpgsql'
  `,
  sql`
    SELECT 'event trigger', NULL, e.evtname::text, NULL, true, NULL,
      ${factsOf({ event: 'e.evtevent', function: 'e.evtfoid::regproc', fires: 'e.evtenabled', tags: `array_to_string(e.evttags, ', ')` })}
    FROM pg_event_trigger e WHERE ${isNoMember('pg_event_trigger', 'e.oid')}
  `,
  sql`
    SELECT 'publication', NULL, p.pubname::text, NULL, true, NULL,
      ${factsOf({
        tables: `CASE WHEN p.puballtables THEN 'all' ELSE (SELECT string_agg(t.tablename, ', ' ORDER BY t.tablename) FROM pg_publication_tables t JOIN here h ON t.schemaname = (SELECT nspname FROM pg_namespace WHERE oid = h.oid) WHERE t.pubname = p.pubname) END`,
      })}
    FROM pg_publication p CROSS JOIN here
    WHERE p.puballtables OR EXISTS (SELECT FROM pg_publication_tables t JOIN pg_namespace n ON n.nspname = t.schemaname WHERE n.oid = here.oid AND t.pubname = p.pubname)
  `,
  sql`
    SELECT 'subscription', NULL, u.subname::text, NULL, true, NULL,
      ${factsOf({ tables: `string_agg(rel.name, ', ' ORDER BY rel.name)` })}
    FROM pg_subscription_rel s JOIN rel ON rel.oid = s.srrelid JOIN pg_subscription u ON u.oid = s.srsubid
    GROUP BY u.subname
  `,
];

/** What other schemas have that refers to a relation or a function of this one. */
const elsewhere: readonly PartsSql[] = [
  sql`
    SELECT 'foreign key', NULL, format('%s of %s', k.conname, k.conrelid::regclass), NULL, true, NULL,
      ${factsOf({ definition: 'pg_get_constraintdef(k.oid)' })}
    FROM pg_constraint k JOIN rel ON rel.oid = k.confrelid JOIN pg_class c ON c.oid = k.conrelid JOIN here ON c.relnamespace <> here.oid
    WHERE k.contype = 'f' AND k.conparentid = 0
  `,
  sql`
    SELECT 'child', NULL, c.oid::regclass::text, NULL, true, NULL, ${factsOf({ parents: 'rel.name' })}
    FROM pg_inherits i JOIN rel ON rel.oid = i.inhparent JOIN pg_class c ON c.oid = i.inhrelid JOIN here ON c.relnamespace <> here.oid
  `,
  sql`
    SELECT 'trigger', NULL, format('%I of %s', t.tgname, t.tgrelid::regclass), NULL, true, NULL,
      ${factsOf({ definition: 'pg_get_triggerdef(t.oid)' })}
    FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN here ON p.pronamespace = here.oid JOIN pg_class c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND c.relnamespace <> here.oid
  `,
  sql`
    SELECT 'policy', NULL, format('%I of %s', p.polname, p.polrelid::regclass), NULL, true, NULL,
      ${factsOf({ using: 'pg_get_expr(p.polqual, p.polrelid)' })}
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN here ON c.relnamespace <> here.oid
    WHERE EXISTS (SELECT FROM pg_depend d JOIN rel ON rel.oid = d.refobjid
      WHERE d.classid = 'pg_policy'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_class'::regclass)
  `,
];

// each has parts of its own, above, or is no object that someone makes
const described =
  `pg_class pg_proc pg_type pg_trigger pg_constraint pg_rewrite pg_policy pg_attrdef pg_statistic_ext pg_extension
  pg_event_trigger pg_publication_rel pg_namespace pg_default_acl`
    .split(/\s+/)
    .map((name) => `'${name}'::regclass`)
    .join(', ');

/** Objects of kinds that are not described: operators, casts, collations, text search, and what later versions bring. */
const rest: PartsSql = sql`
  SELECT i.type, NULL, i.identity, NULL, false, NULL, '{}'
  FROM (
    SELECT DISTINCT d.classid, d.objid FROM pg_depend d CROSS JOIN here
    WHERE d.classid NOT IN (${described}) AND d.deptype IN ('n', 'a')
      AND (d.refclassid = 'pg_namespace'::regclass AND d.refobjid = here.oid
        OR d.refclassid = 'pg_class'::regclass AND d.refobjid IN (SELECT oid FROM rel)
        OR d.refclassid = 'pg_proc'::regclass AND d.refobjid IN (SELECT p.oid FROM pg_proc p WHERE p.pronamespace = here.oid)
        OR d.refclassid = 'pg_type'::regclass AND d.refobjid IN (SELECT t.oid FROM pg_type t WHERE t.typnamespace = here.oid))
      AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e')
  ) found CROSS JOIN LATERAL pg_identify_object(found.classid, found.objid, 0) i
  WHERE i.type NOT IN ('publication namespace', 'publication relation')
`;

/** The objects of a schema that are no tables, and what the database and other schemas have that concerns it. */
export function otherParts(schema: string): readonly PartsSql[] {
  return [
    views,
    functions,
    functionsElsewhere(schema),
    types,
    sequences,
    statistics,
    ...ofTheDatabase,
    ...elsewhere,
    rest,
  ];
}
