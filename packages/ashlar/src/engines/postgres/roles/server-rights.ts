import { sql } from '../../../sql/template.js';
import { granteeText, type PowerQuery, routineText } from './power-query.js';

// initdb records the rights of information_schema nowhere
const isOfStandard = (privilege: string): string =>
  `(n.nspname = 'information_schema' AND a.grantee = 0 AND a.privilege_type = '${privilege}' AND NOT a.is_grantable)`;

/** Whether the entry `a` is of PUBLIC or of a role that the guarantees must bind. */
const isServed = `(a.grantee = 0 OR a.grantee IN (SELECT oid FROM served WHERE NOT rolsuper))`;

/** The SQL condition that the entry `a` is none of those that the server or an extension was made with. */
const isAdded = (catalogue: string, oid: string, part: string, standard: string): string => sql`
  NOT EXISTS (SELECT FROM aclexplode(coalesce((SELECT i.initprivs FROM pg_init_privs i
      WHERE i.classoid = '${catalogue}'::regclass AND i.objoid = ${oid} AND i.objsubid = ${part}), ${standard})) b
    WHERE b.grantee IN (0, a.grantee) AND b.privilege_type = a.privilege_type AND b.is_grantable >= a.is_grantable)
`;

/** The SQL relation of the extension that an object is a member of: one row or none. */
const extension = (catalogue: string, oid: string): string => sql`
  LEFT JOIN LATERAL (SELECT x.extname FROM pg_depend e JOIN pg_extension x ON x.oid = e.refobjid
    WHERE e.classid = '${catalogue}'::regclass AND e.objid = ${oid} AND e.refclassid = 'pg_extension'::regclass AND e.deptype = 'e' LIMIT 1) e ON true
`;

/** The SQL condition that an object of the schema `n` is the server's, or a member of the extension `e`. */
const isNotOurs = `(n.nspname IN ('pg_catalog', 'information_schema', 'pg_toast') OR e.extname IS NOT NULL)`;

/** The SQL expression for whose an object is. */
const whose = `CASE WHEN e.extname IS NULL THEN 'the server' ELSE format('the extension %s', quote_ident(e.extname)) END`;

const functions: PowerQuery = sql`
  SELECT format('%s may call %s, a function of %s', ${granteeText('a')}, ${routineText}, ${whose}) AS finding,
    format('REVOKE EXECUTE ON ROUTINE %s FROM %s CASCADE', ${routineText}, ${granteeText('a')}) AS remedy,
    format('function %s', ${routineText}) AS object, false AS named
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace ${extension('pg_proc', 'p.oid')} CROSS JOIN LATERAL aclexplode(p.proacl) a
  WHERE p.proacl IS NOT NULL AND ${isNotOurs} AND ${isServed} AND ${isAdded('pg_proc', 'p.oid', '0', `acldefault('f', p.proowner)`)}
`;

// no index has rights; a stored value is read by the table that stores it
const relations: PowerQuery = sql`
  SELECT format('%s has %s on %I.%I, a table of %s', ${granteeText('a')}, a.privilege_type, n.nspname, c.relname, ${whose}),
    format('REVOKE %s ON %I.%I FROM %s CASCADE', a.privilege_type, n.nspname, c.relname, ${granteeText('a')}),
    format('rights on %I.%I', n.nspname, c.relname), false
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace ${extension('pg_class', 'c.oid')} CROSS JOIN LATERAL aclexplode(c.relacl) a
  WHERE c.relacl IS NOT NULL AND ${isNotOurs} AND ${isServed} AND NOT ${isOfStandard('SELECT')} AND ${isAdded('pg_class', 'c.oid', '0', `acldefault('r', c.relowner)`)}
`;

const columns: PowerQuery = sql`
  SELECT format('%s has %s (%I) on %I.%I, a table of %s', ${granteeText('a')}, a.privilege_type, t.attname, n.nspname, c.relname, ${whose}),
    format('REVOKE %s (%I) ON %I.%I FROM %s CASCADE', a.privilege_type, t.attname, n.nspname, c.relname, ${granteeText('a')}),
    format('rights on %I.%I', n.nspname, c.relname), false
  FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace ${extension('pg_class', 'c.oid')}
  CROSS JOIN LATERAL aclexplode(t.attacl) a
  WHERE t.attacl IS NOT NULL AND ${isNotOurs} AND ${isServed} AND ${isAdded('pg_class', 'c.oid', 't.attnum', 'NULL')}
`;

const schemas: PowerQuery = sql`
  SELECT format('%s has %s on the schema %I', ${granteeText('a')}, a.privilege_type, n.nspname),
    format('REVOKE %s ON SCHEMA %I FROM %s CASCADE', a.privilege_type, n.nspname, ${granteeText('a')}),
    format('rights on schema %I', n.nspname), false
  FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) a
  WHERE n.nspname IN ('pg_catalog', 'information_schema', 'pg_toast') AND ${isServed} AND NOT ${isOfStandard('USAGE')} AND ${isAdded('pg_namespace', 'n.oid', '0', `acldefault('n', n.nspowner)`)}
`;

// no guarantee reaches them, and a copy of what it hides can be in one
const largeObjects: PowerQuery = sql`
  SELECT format('%s has %s on the large object %s', ${granteeText('a')}, a.privilege_type, l.oid),
    format('REVOKE %s ON LARGE OBJECT %s FROM %s', a.privilege_type, l.oid, ${granteeText('a')}),
    format('large object %s', l.oid), false
  FROM pg_largeobject_metadata l CROSS JOIN LATERAL aclexplode(l.lomacl) a
  WHERE ${isServed} AND a.grantee <> l.lomowner
`;

const foreign: readonly PowerQuery[] = (
  [
    ['pg_foreign_server', 'srv', 'FOREIGN SERVER', 'S'],
    ['pg_foreign_data_wrapper', 'fdw', 'FOREIGN DATA WRAPPER', 'F'],
  ] as const
).map(
  ([catalogue, column, kind, type]) => sql`
    SELECT format('%s may use the ${kind.toLowerCase()} %s', ${granteeText('a')}, s.${column}name),
      format('REVOKE USAGE ON ${kind} %I FROM %s CASCADE', s.${column}name, ${granteeText('a')}),
      format('${kind.toLowerCase()} %I', s.${column}name), false
    FROM ${catalogue} s CROSS JOIN LATERAL aclexplode(coalesce(s.${column}acl, acldefault('${type}', s.${column}owner))) a
    WHERE ${isServed}
  `,
);

// the view shows them to everybody, and without their options
const mappings: PowerQuery = sql`
  SELECT format('%s can log in to the foreign server %s', m.who, m.srvname), format('DROP USER MAPPING FOR %s SERVER %I', m.who, m.srvname),
    format('user mapping for %s server %I', m.who, m.srvname), false
  FROM (SELECT srvname, umuser, CASE umuser WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(umuser)) END AS who FROM pg_user_mappings) m
  WHERE m.umuser = 0 OR m.umuser IN (SELECT oid FROM served WHERE NOT rolsuper)
`;

// of any role: no policy hides the values that these have
const valuesOfTheServer: PowerQuery = sql`
  SELECT format('%s has %s on %I.%I, which has values of every table', ${granteeText('a')}, a.privilege_type, n.nspname, c.relname),
    format('REVOKE %s ON %I.%I FROM %s CASCADE', a.privilege_type, n.nspname, c.relname, ${granteeText('a')}),
    format('rights on %I.%I', n.nspname, c.relname), false
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN LATERAL aclexplode(c.relacl) a JOIN pg_roles o ON o.oid = a.grantee
  WHERE (n.nspname = 'pg_toast' OR n.nspname = 'pg_catalog' AND c.relname IN ('pg_statistic', 'pg_statistic_ext_data', 'pg_largeobject', 'pg_authid'))
    AND NOT o.rolsuper AND o.oid NOT IN (SELECT oid FROM served) AND ${isAdded('pg_class', 'c.oid', '0', `acldefault('r', c.relowner)`)}
`;

// who reads, writes or runs files as the server is its superuser
const files: PowerQuery = sql`
  SELECT format('%s may do with files and programs what the server may, as a member of %s', m.rolname, g.rolname), format('REVOKE %I FROM %I', g.rolname, m.rolname),
    format('member %I of %I', m.rolname, g.rolname), false
  FROM pg_roles m JOIN pg_roles g ON g.rolname IN ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
    AND m.oid <> g.oid AND pg_has_role(m.oid, g.oid, 'MEMBER')
  WHERE NOT m.rolsuper AND m.rolname NOT LIKE 'pg\\_%' AND m.oid NOT IN (SELECT oid FROM served)
`;

/**
 * What the application, the auditor and PUBLIC may use of the server and of extensions that these were not made with: rights on
 * functions, tables and schemas, large objects, and other servers; and what any role may use that reaches past every guarantee.
 */
export const serverRights: readonly PowerQuery[] = [
  functions,
  relations,
  columns,
  schemas,
  largeObjects,
  ...foreign,
  mappings,
  valuesOfTheServer,
  files,
];
