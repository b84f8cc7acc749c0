import { sql } from '../../../sql/template.js';
import { refersHere } from './elsewhere.js';
import { extensionOf, hidesAsMember } from './judged.js';
import { factsOf, isNoMember, type PartsSql, roleName } from './relations.js';

// each has parts of its own, or is no object that someone makes
const described =
  `pg_class pg_proc pg_type pg_trigger pg_constraint pg_rewrite pg_policy pg_attrdef pg_statistic_ext pg_extension pg_cast
  pg_event_trigger pg_publication_rel pg_namespace pg_default_acl`
    .split(/\s+/)
    .map((name) => `'${name}'::regclass`)
    .join(', ');

/** What the other kinds of object are: the catalogue and its row → facts. `o` is the row. */
const facts: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  pg_operator: {
    owner: roleName('o.oprowner'),
    function: 'o.oprcode',
    result: 'format_type(o.oprresult, NULL)',
    planning: `concat_ws(' ', nullif(o.oprcom, 0)::regoperator, nullif(o.oprnegate, 0)::regoperator, nullif(o.oprrest, 0)::regproc, nullif(o.oprjoin, 0)::regproc, o.oprcanmerge, o.oprcanhash)`,
  },
  pg_opclass: {
    owner: roleName('o.opcowner'),
    definition: `concat_ws(' ', (SELECT am.amname FROM pg_am am WHERE am.oid = o.opcmethod), format_type(o.opcintype, NULL), format_type(nullif(o.opckeytype, 0), NULL), CASE WHEN o.opcdefault THEN 'default' END)`,
    family: `(SELECT quote_ident(f.opfname) FROM pg_opfamily f WHERE f.oid = o.opcfamily)`,
  },
  pg_opfamily: {
    owner: roleName('o.opfowner'),
    operators: `(SELECT string_agg(concat_ws(' ', m.amopstrategy, m.amopopr::regoperator), ', ' ORDER BY m.amopstrategy, m.amopopr::regoperator::text) FROM pg_amop m WHERE m.amopfamily = o.oid)`,
    functions: `(SELECT string_agg(concat_ws(' ', m.amprocnum, m.amproc::regprocedure), ', ' ORDER BY m.amprocnum, m.amproc::regprocedure::text) FROM pg_amproc m WHERE m.amprocfamily = o.oid)`,
  },
  // the names of its columns are those of a major version
  pg_collation: {
    owner: roleName('o.collowner'),
    rules: `(SELECT string_agg(DISTINCT e.value, ' ') FROM jsonb_each_text(to_jsonb(o) - ARRAY['oid', 'collname', 'collnamespace', 'collowner', 'collversion']) e WHERE e.value IS NOT NULL)`,
  },
  pg_conversion: {
    owner: roleName('o.conowner'),
    definition: `concat_ws(' ', pg_encoding_to_char(o.conforencoding), pg_encoding_to_char(o.contoencoding), o.conproc, CASE WHEN o.condefault THEN 'default' END)`,
  },
  pg_ts_config: {
    owner: roleName('o.cfgowner'),
    parser: `(SELECT p.prsname FROM pg_ts_parser p WHERE p.oid = o.cfgparser)`,
    dictionaries: `(SELECT string_agg(concat_ws(' ', m.maptokentype, m.mapseqno, m.mapdict::regdictionary), ', ' ORDER BY m.maptokentype, m.mapseqno) FROM pg_ts_config_map m WHERE m.mapcfg = o.oid)`,
  },
  pg_ts_dict: {
    owner: roleName('o.dictowner'),
    definition: `concat_ws(' ', (SELECT t.tmplname FROM pg_ts_template t WHERE t.oid = o.dicttemplate), o.dictinitoption)`,
  },
  pg_ts_template: { functions: `concat_ws(' ', o.tmplinit, o.tmpllexize)` },
  pg_ts_parser: {
    functions: `concat_ws(' ', o.prsstart, o.prstoken, o.prsend, o.prsheadline, o.prslextype)`,
  },
  pg_transform: {
    definition: `concat_ws(' ', format_type(o.trftype, NULL), (SELECT l.lanname FROM pg_language l WHERE l.oid = o.trflang), o.trffromsql, o.trftosql)`,
  },
};

const restFacts = `coalesce(${Object.entries(facts)
  .map(
    ([catalogue, of]) =>
      `(SELECT ${factsOf(of)} FROM ${catalogue} o WHERE found.classid = '${catalogue}'::regclass AND o.oid = found.objid)`,
  )
  .join(', ')}, '{}')`;

/** Objects of kinds that are not described elsewhere: operators, collations, text search, and what later versions bring. */
const rest: PartsSql = sql`
  SELECT i.type, NULL, i.identity, NULL, i.schema IS NOT NULL AND i.schema <> quote_ident(hn.nspname), NULL, ${restFacts}
  FROM (
    SELECT DISTINCT d.classid, d.objid FROM pg_depend d CROSS JOIN here
    WHERE d.classid NOT IN (${described}) AND d.deptype IN ('n', 'a')
      AND (d.refclassid = 'pg_namespace'::regclass AND d.refobjid = here.oid OR ${refersHere})
      AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e')
  ) found CROSS JOIN here JOIN pg_namespace hn ON hn.oid = here.oid CROSS JOIN LATERAL pg_identify_object(found.classid, found.objid, 0) i
  WHERE i.type NOT IN ('publication namespace', 'publication relation')
`;

// any owner of an extension adds members to it, also one that takes the place of an operator of the server
const memberOperators: PartsSql = sql`
  SELECT 'operator', NULL, i.identity, NULL, false, NULL, ${factsOf({ extension: extensionOf('pg_operator', 'o.oid') })}
  FROM pg_operator o JOIN here ON o.oprnamespace = here.oid CROSS JOIN LATERAL pg_identify_object('pg_operator'::regclass, o.oid, 0) i
  WHERE NOT ${isNoMember('pg_operator', 'o.oid')} AND ${hidesAsMember.operator}
`;

export const restParts: readonly PartsSql[] = [rest, memberOperators];
