import { sql } from '../../../sql/template.js';
import { extensionOf, firstOfUsers, hasOwnType } from './judged.js';
import { factsOf, isNoMember, type PartsSql, roleName } from './relations.js';

const extensions: readonly PartsSql[] = [
  sql`
    SELECT 'extension', NULL, quote_ident(e.extname), NULL, true, NULL, '{}'
    FROM pg_extension e WHERE e.extname <> 'plpgsql'
    UNION ALL
    -- the language and its handlers are its own
    SELECT 'members of an extension', NULL, 'plpgsql', NULL, true, NULL, ${factsOf({ members: `string_agg(pg_describe_object(d.classid, d.objid, 0), ', ' ORDER BY d.classid, d.objid)` })}
    FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e' AND e.extname = 'plpgsql'
    WHERE NOT (d.classid = 'pg_language'::regclass AND d.objid = (SELECT l.oid FROM pg_language l WHERE l.lanname = 'plpgsql'))
      AND NOT (d.classid = 'pg_proc'::regclass AND d.objid IN (SELECT p.oid FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace
        AND p.proname IN ('plpgsql_call_handler', 'plpgsql_inline_handler', 'plpgsql_validator')))
    HAVING count(*) > 0
  `,
];

const replication: readonly PartsSql[] = [
  sql`
    SELECT 'publication', NULL, quote_ident(p.pubname), NULL, true, NULL,
      ${factsOf({
        tables: `CASE WHEN p.puballtables THEN 'all' ELSE (SELECT string_agg(t.tablename, ', ' ORDER BY t.tablename) FROM pg_publication_tables t JOIN here h ON t.schemaname = (SELECT nspname FROM pg_namespace WHERE oid = h.oid) WHERE t.pubname = p.pubname) END`,
      })}
    FROM pg_publication p CROSS JOIN here
    WHERE p.puballtables OR EXISTS (SELECT FROM pg_publication_tables t JOIN pg_namespace n ON n.nspname = t.schemaname WHERE n.oid = here.oid AND t.pubname = p.pubname)
  `,
  sql`
    SELECT 'subscription', NULL, quote_ident(u.subname), NULL, true, NULL,
      ${factsOf({ tables: `string_agg(rel.name, ', ' ORDER BY rel.name)` })}
    FROM pg_subscription_rel s JOIN rel ON rel.oid = s.srrelid JOIN pg_subscription u ON u.oid = s.srsubid
    GROUP BY u.subname
  `,
];

const eventTriggers: PartsSql = sql`
  SELECT 'event trigger', NULL, quote_ident(e.evtname), NULL, true, NULL,
    ${factsOf({ event: 'e.evtevent', function: 'e.evtfoid::regproc', fires: 'e.evtenabled', tags: `array_to_string(e.evttags, ', ')`, extension: extensionOf('pg_event_trigger', 'e.oid') })}
  FROM pg_event_trigger e
`;

// one that converts in silence decides which operator or function a text means; a cast of a type of the schema is the schema's
const casts: PartsSql = sql`
  SELECT 'cast', NULL, format('(%s AS %s)', format_type(c.castsource, NULL), format_type(c.casttarget, NULL)), NULL, NOT own.own, NULL,
    ${factsOf({
      function: 'CASE WHEN c.castfunc <> 0 THEN c.castfunc::regprocedure END',
      context: `CASE c.castcontext WHEN 'i' THEN 'implicit' WHEN 'a' THEN 'assignment' END`,
      method: `CASE c.castmethod WHEN 'f' THEN NULL WHEN 'i' THEN 'text' ELSE 'binary' END`,
      extension: extensionOf('pg_cast', 'c.oid'),
    })}
  FROM pg_cast c CROSS JOIN here CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT FROM pg_type t WHERE t.oid IN (c.castsource, c.casttarget) AND t.typnamespace = here.oid)
      OR EXISTS (SELECT FROM pg_proc p WHERE p.oid = c.castfunc AND p.pronamespace = here.oid) AS own
  ) own
  WHERE c.oid >= ${firstOfUsers}
    AND (${isNoMember('pg_cast', 'c.oid')} OR NOT ${hasOwnType('pg_cast', 'c.oid', 'ARRAY[c.castsource, c.casttarget]')})
`;

// an administrator's own, in the schemas that every path has
const inServerSchemas: PartsSql = sql`
  SELECT 'object of the server’s schemas', NULL, i.type || ' ' || i.identity, NULL, true, NULL, '{}'
  FROM (
    SELECT 'pg_proc'::regclass AS class, p.oid, p.pronamespace AS place FROM pg_proc p WHERE p.oid >= ${firstOfUsers}
    UNION ALL
    SELECT 'pg_operator'::regclass, o.oid, o.oprnamespace FROM pg_operator o WHERE o.oid >= ${firstOfUsers}
    UNION ALL
    SELECT 'pg_type'::regclass, t.oid, t.typnamespace FROM pg_type t WHERE t.oid >= ${firstOfUsers} AND t.typelem = 0 AND t.typrelid = 0
    UNION ALL
    SELECT 'pg_class'::regclass, c.oid, c.relnamespace FROM pg_class c WHERE c.oid >= ${firstOfUsers} AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT 'pg_trigger'::regclass, t.oid, c.relnamespace FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.oid < ${firstOfUsers}
    UNION ALL
    SELECT 'pg_rewrite'::regclass, w.oid, c.relnamespace FROM pg_rewrite w JOIN pg_class c ON c.oid = w.ev_class WHERE c.oid < ${firstOfUsers} AND w.rulename <> '_RETURN' AND w.oid >= ${firstOfUsers}
  ) o CROSS JOIN LATERAL pg_identify_object(o.class, o.oid, 0) i
  WHERE o.place IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
    AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = o.class AND e.objid = o.oid AND e.deptype = 'e')
`;

const named = (
  kind: string,
  catalogue: string,
  column: string,
  facts: Parameters<typeof factsOf>[0] = { owner: roleName(`o.${column}owner`) },
): PartsSql => sql`
  SELECT '${kind}', NULL, quote_ident(o.${column}name), NULL, true, NULL, ${factsOf(facts)}
  FROM ${catalogue} o CROSS JOIN here WHERE o.oid >= ${firstOfUsers} AND ${isNoMember(catalogue, 'o.oid')}
`;

// providers such as anon change by them what a role reads
const labels: PartsSql = sql`
  SELECT 'security label', NULL, format('%s of %s', quote_ident(l.provider), pg_describe_object(l.classoid, l.objoid, l.objsubid)), NULL, true, NULL, ${factsOf({ label: 'l.label' })}
  FROM pg_seclabel l CROSS JOIN here
  WHERE l.classoid = 'pg_class'::regclass AND l.objoid IN (SELECT oid FROM rel)
    OR l.classoid = 'pg_proc'::regclass AND l.objoid IN (SELECT p.oid FROM pg_proc p WHERE p.pronamespace = here.oid)
    OR l.classoid = 'pg_namespace'::regclass AND l.objoid = here.oid
  UNION ALL
  SELECT 'security label', NULL, format('%s of role %I', quote_ident(l.provider), r.rolname), NULL, true, NULL, ${factsOf({ label: 'l.label' })}
  FROM pg_shseclabel l JOIN pg_roles r ON l.classoid = 'pg_authid'::regclass AND l.objoid = r.oid
`;

/** What belongs to the whole database, or to the schemas of the server. */
export const ofTheDatabase: readonly PartsSql[] = [
  ...extensions,
  eventTriggers,
  ...replication,
  casts,
  inServerSchemas,
  named('language', 'pg_language', 'lan', {
    owner: roleName('o.lanowner'),
    trusted: `CASE WHEN o.lanpltrusted THEN 'yes' END`,
  }),
  named('access method', 'pg_am', 'am', {}),
  named('foreign-data wrapper', 'pg_foreign_data_wrapper', 'fdw'),
  named('foreign server', 'pg_foreign_server', 'srv'),
  labels,
];
