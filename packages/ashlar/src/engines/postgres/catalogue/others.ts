import { sql } from '../../../sql/template.js';
import { dependsOn } from './dependencies.js';
import { elsewhere } from './elsewhere.js';
import { aggregatesAsOwner, calls, extensionOf, hides, hidesAsMember, isComponent } from './judged.js';
import { ofTheDatabase } from './of-the-database.js';
import { depends, factsOf, isNoMember, type PartsSql, readers, relationName, roleName } from './relations.js';
import { restParts } from './rest.js';

/** What a view is, in any schema; `v` is its row of pg_class. */
const viewFacts = factsOf({
  owner: roleName('v.relowner'),
  options: `(SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(v.reloptions) o WHERE o NOT LIKE 'security_invoker=%')`,
  invoker: `(SELECT CASE WHEN option_value::boolean THEN 'yes' END FROM pg_options_to_table(v.reloptions) WHERE option_name = 'security_invoker')`,
  definition: 'pg_get_viewdef(v.oid)',
  [depends]: dependsOn([
    'pg_rewrite',
    `(SELECT w.oid FROM pg_rewrite w WHERE w.ev_class = v.oid AND w.rulename = '_RETURN')`,
  ]),
  populated: `CASE WHEN v.relkind = 'm' AND NOT v.relispopulated THEN 'no' END`,
  extension: extensionOf('pg_class', 'v.oid'),
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
  FROM ${readers} found JOIN pg_class v ON v.oid = found.oid CROSS JOIN here
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
  // of one that runs as its caller it means nothing
  callers: `CASE WHEN p.prosecdef AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0) THEN 'everyone' END`,
  strict: `CASE WHEN p.proisstrict THEN 'yes' END`,
  leakproof: `CASE WHEN p.proleakproof THEN 'yes' END`,
  parallel: `CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' END`,
  settings: 'array_to_json(p.proconfig)',
  support: `CASE WHEN p.prosupport <> 0 THEN p.prosupport::text END`,
  aggregate: `(SELECT concat_ws(' ', a.aggkind, a.aggtransfn, a.aggfinalfn, a.aggfinalmodify, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn, a.aggtranstype::regtype, a.agginitval, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn, a.aggminitval, nullif(a.aggsortop, 0)::regoperator) FROM pg_aggregate a WHERE a.aggfnoid = p.oid)`,
  owner: roleName('p.proowner'),
  tuning: `concat_ws(' ', p.procost, p.prorows)`,
  transforms: `(SELECT string_agg(format_type(f, NULL), ', ') FROM unnest(p.protrftypes) f)`,
  extension: extensionOf('pg_proc', 'p.oid'),
  hides: hides.routine,
  'aggregates as owner': aggregatesAsOwner,
});

const signature = `format('%I', p.proname) || CASE WHEN p.pronargs = 0 THEN '' ELSE '(' || pg_get_function_identity_arguments(p.oid) || ')' END`;

const rangeFunction = `EXISTS (SELECT FROM pg_depend i WHERE i.classid = 'pg_proc'::regclass AND i.objid = p.oid AND i.deptype = 'i')`;

/** The tables whose triggers call a function, as a JSON array. */
const calledOn = `CASE WHEN p.prorettype = 'trigger'::regtype THEN (SELECT jsonb_agg(DISTINCT CASE WHEN c.relnamespace = here.oid THEN c.relname::text ELSE c.oid::regclass::text END)
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE t.tgfoid = p.oid AND NOT t.tgisinternal)::text END`;

// a member of an extension can run as its owner too, and any owner of an extension adds members to it
const functions: PartsSql = sql`
  SELECT 'function', NULL, ${signature}, NULL, false, ${calledOn}, ${functionFacts}
  FROM pg_proc p JOIN here ON p.pronamespace = here.oid
  WHERE NOT ${rangeFunction} AND (p.prosecdef OR p.proleakproof OR ${isNoMember('pg_proc', 'p.oid')} OR ${hidesAsMember.routine})
`;

// one that is LEAKPROOF and called in a condition sees the rows that policies hide, and an aggregate calls functions that its
// caller may not; what else functions of other schemas do as their owner depends on who may call them, and so belongs to what
// roles can do
const functionsElsewhere: PartsSql = sql`
  SELECT 'function', NULL, format('%I.', n.nspname) || ${signature}, NULL, true, NULL, ${functionFacts}
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace CROSS JOIN here
  WHERE n.oid <> here.oid AND (p.proleakproof AND n.nspname <> 'pg_catalog'
    OR p.prokind = 'a' AND EXISTS (SELECT FROM pg_aggregate a JOIN pg_proc f ON ${isComponent} WHERE a.aggfnoid = p.oid AND f.pronamespace = here.oid))
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
      calls: `CASE WHEN t.typtype = 'd' THEN ${calls(`d.classid = 'pg_type'::regclass AND d.objid = t.oid
        OR d.classid = 'pg_constraint'::regclass AND d.objid IN (SELECT k.oid FROM pg_constraint k WHERE k.contypid = t.oid)`)} END`,
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

// the last number that JavaScript holds is 2^53 − 1; a key near it, or near the end of its sequence, ends all appends
const endingSequences: PartsSql = sql`
  SELECT 'counter near its end', NULL, c.relname::text, NULL, false, NULL, '{}'
  FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN here ON c.relnamespace = here.oid
  WHERE NOT s.seqcycle AND CASE WHEN has_sequence_privilege(c.oid, 'SELECT, USAGE') THEN
    abs(pg_sequence_last_value(c.oid)::numeric) > 9007199254740991::numeric - 1048575
    OR CASE WHEN s.seqincrement > 0 THEN s.seqmax::numeric - pg_sequence_last_value(c.oid) ELSE pg_sequence_last_value(c.oid)::numeric - s.seqmin END
      < least(1048575, (s.seqmax::numeric - s.seqmin) / 100) END
`;

const statistics: PartsSql = sql`
  SELECT 'statistics', NULL, s.stxname::text, NULL, false, NULL,
    ${factsOf({
      definition: 'pg_get_statisticsobjdef(s.oid)',
      owner: roleName('s.stxowner'),
      [depends]: dependsOn(['pg_statistic_ext', 's.oid']),
      calls: calls(`d.classid = 'pg_statistic_ext'::regclass AND d.objid = s.oid`),
    })}
  FROM pg_statistic_ext s JOIN here ON s.stxnamespace = here.oid
`;

/** The objects of a schema that are no tables, and what the database and other schemas have that concerns it. */
export const otherParts: readonly PartsSql[] = [
  views,
  functions,
  functionsElsewhere,
  types,
  sequences,
  endingSequences,
  statistics,
  ...ofTheDatabase,
  ...elsewhere,
  ...restParts,
];
