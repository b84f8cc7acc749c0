import { sql } from '../../../sql/template.js';
import { factsOf, type PartsSql, readers, relationName, ruleReads } from './relations.js';

/** Where an object of another schema is: its relation, whose row is `c`, its own name, and the schema of the relation. */
const located = (relation: string, name: string): Readonly<Record<string, string>> => ({
  on: `${relation}::regclass`,
  name: `quote_ident(${name})`,
  place: 'c.relnamespace::regnamespace',
});

// not of the row `here`: PostgreSQL then reads each list once
const of = (catalogue: string, schema: string, more = ''): string =>
  `(SELECT o.oid FROM ${catalogue} o WHERE o.${schema} = (SELECT oid FROM here)${more})`;
const functionsHere = of('pg_proc', 'pronamespace');
const typesHere = of('pg_type', 'typnamespace');
const sequencesHere = of('pg_class', 'relnamespace', ` AND o.relkind = 'S'`);

/** The SQL condition that the row `d` of pg_depend refers to a relation, a function or a type of the schema. */
export const refersHere = sql`
  (d.refclassid = 'pg_class'::regclass AND d.refobjid IN (SELECT oid FROM rel WHERE NOT external)
    OR d.refclassid = 'pg_proc'::regclass AND d.refobjid IN ${functionsHere}
    OR d.refclassid = 'pg_type'::regclass AND d.refobjid IN ${typesHere})
`;

const keys: PartsSql = sql`
  SELECT 'foreign key', NULL, format('%I of %s', k.conname, k.conrelid::regclass), NULL, true, jsonb_build_array(${relationName('k.confrelid')})::text,
    ${factsOf({ definition: 'pg_get_constraintdef(k.oid)', ...located('k.conrelid', 'k.conname') })}
  FROM pg_constraint k JOIN rel ON rel.oid = k.confrelid AND NOT rel.external JOIN pg_class c ON c.oid = k.conrelid JOIN here ON c.relnamespace <> here.oid
  WHERE k.contype = 'f' AND k.conparentid = 0
`;

const children: PartsSql = sql`
  SELECT 'child', NULL, c.oid::regclass::text, NULL, true, NULL, ${factsOf({ parents: 'rel.name' })}
  FROM pg_inherits i JOIN rel ON rel.oid = i.inhparent JOIN pg_class c ON c.oid = i.inhrelid JOIN here ON c.relnamespace <> here.oid
`;

const isElsewhere = (relation: string): string =>
  `c.relnamespace <> here.oid AND NOT EXISTS (SELECT FROM rel WHERE rel.oid = ${relation})`;

const triggers: PartsSql = sql`
  SELECT 'trigger', NULL, format('%I of %s', t.tgname, t.tgrelid::regclass), NULL, true, NULL,
    ${factsOf({ definition: 'pg_get_triggerdef(t.oid)', ...located('t.tgrelid', 't.tgname') })}
  FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN here ON p.pronamespace = here.oid JOIN pg_class c ON c.oid = t.tgrelid
  WHERE NOT t.tgisinternal AND ${isElsewhere('c.oid')}
`;

// what it does is done with the rights of its table's owner
const rules: PartsSql = sql`
  SELECT 'rule', NULL, format('%I of %s', w.rulename, w.ev_class::regclass), NULL, true, ${ruleReads},
    ${factsOf({ definition: 'pg_get_ruledef(w.oid)', ...located('w.ev_class', 'w.rulename') })}
  FROM pg_rewrite w JOIN pg_class c ON c.oid = w.ev_class CROSS JOIN here
  WHERE w.rulename <> '_RETURN' AND ${isElsewhere('c.oid')}
    AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
      AND (${refersHere} OR d.refclassid = 'pg_class'::regclass AND d.refobjid IN ${readers}))
`;

const policies: PartsSql = sql`
  SELECT 'policy', NULL, format('%I of %s', p.polname, p.polrelid::regclass), NULL, true, NULL,
    ${factsOf({ using: 'pg_get_expr(p.polqual, p.polrelid)', ...located('p.polrelid', 'p.polname') })}
  FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid CROSS JOIN here
  WHERE ${isElsewhere('c.oid')}
    AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_policy'::regclass AND d.objid = p.oid AND ${refersHere})
`;

/** The schema of an object of these kinds, and the relation that it belongs to. */
const places = sql`
  LEFT JOIN LATERAL (
    SELECT t.typnamespace AS place, NULL::oid AS relation FROM pg_type t WHERE found.classid = 'pg_type'::regclass AND t.oid = found.objid
    UNION ALL
    SELECT p.pronamespace, NULL FROM pg_proc p WHERE found.classid = 'pg_proc'::regclass AND p.oid = found.objid
      AND NOT (p.prokind = 'a' OR p.proleakproof)
    UNION ALL
    SELECT s.stxnamespace, NULL FROM pg_statistic_ext s WHERE found.classid = 'pg_statistic_ext'::regclass AND s.oid = found.objid
    UNION ALL
    SELECT c.relnamespace, coalesce(i.indrelid, c.oid) FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
    WHERE found.classid = 'pg_class'::regclass AND c.oid = found.objid AND c.relkind NOT IN ('v', 'm')
      AND NOT EXISTS (SELECT FROM pg_inherits h JOIN rel ON rel.oid = h.inhparent WHERE h.inhrelid = c.oid)
    UNION ALL
    SELECT c.relnamespace, c.oid FROM pg_attrdef a JOIN pg_class c ON c.oid = a.adrelid WHERE found.classid = 'pg_attrdef'::regclass AND a.oid = found.objid
    UNION ALL
    SELECT k.connamespace, k.conrelid FROM pg_constraint k WHERE found.classid = 'pg_constraint'::regclass AND k.oid = found.objid AND k.contype <> 'f'
    UNION ALL
    SELECT c.relnamespace, c.oid FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE found.classid = 'pg_trigger'::regclass AND t.oid = found.objid AND NOT t.tgisinternal AND t.tgfoid NOT IN ${functionsHere}
  ) o ON true
`;

// a default that takes numbers of a sequence, a CHECK that calls a function, a column of a type, a function with BEGIN ATOMIC
const dependents: PartsSql = sql`
  SELECT i.type || ' that uses the schema', NULL, i.identity, NULL, true, NULL, '{}'
  FROM (
    SELECT DISTINCT d.classid, d.objid FROM pg_depend d CROSS JOIN here
    WHERE d.classid IN ('pg_type'::regclass, 'pg_proc'::regclass, 'pg_statistic_ext'::regclass, 'pg_class'::regclass, 'pg_attrdef'::regclass,
        'pg_constraint'::regclass, 'pg_trigger'::regclass)
      AND d.deptype IN ('n', 'a') AND (${refersHere} OR d.refclassid = 'pg_class'::regclass AND d.refobjid IN ${sequencesHere})
      AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e')
  ) found CROSS JOIN here ${places} JOIN pg_namespace n ON n.oid = o.place CROSS JOIN LATERAL pg_identify_object(found.classid, found.objid, 0) i
  WHERE o.place <> here.oid AND n.nspname !~ '^pg_(toast|temp_|toast_temp_)' AND (o.relation IS NULL OR NOT EXISTS (SELECT FROM rel WHERE rel.oid = o.relation))
`;

/** What other schemas have that refers to a relation, a function or a type of this one. */
export const elsewhere: readonly PartsSql[] = [keys, children, triggers, rules, policies, dependents];
