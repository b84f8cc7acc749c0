import { sql } from '../../../sql/template.js';
import { granteeText, type PowerQuery, routineText } from './power-query.js';

/** Whether the entry `a` is of PUBLIC or of a role that the guarantees must bind. */
const isServed = `(a.grantee = 0 OR a.grantee IN (SELECT oid FROM served WHERE NOT rolsuper))`;

/** The SQL condition that the entry `a` is none of those that the server or an extension was made with. */
const isAdded = (catalogue: string, oid: string, part: string, standard: string): string => sql`
  NOT EXISTS (SELECT FROM aclexplode(coalesce((SELECT i.initprivs FROM pg_init_privs i
      WHERE i.classoid = '${catalogue}'::regclass AND i.objoid = ${oid} AND i.objsubid = ${part}), ${standard})) b
    WHERE b.grantee IN (0, a.grantee) AND b.privilege_type = a.privilege_type AND b.is_grantable >= a.is_grantable)
`;

const functions: PowerQuery = sql`
  SELECT format('%s may call %s, a function of the server', ${granteeText('a')}, ${routineText}) AS finding,
    format('REVOKE EXECUTE ON ROUTINE %s FROM %s CASCADE', ${routineText}, ${granteeText('a')}) AS remedy,
    format('function %s', ${routineText}) AS object, false AS named
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace CROSS JOIN LATERAL aclexplode(p.proacl) a
  WHERE n.nspname = 'pg_catalog' AND ${isServed} AND ${isAdded('pg_proc', 'p.oid', '0', `acldefault('f', p.proowner)`)}
`;

const relations: PowerQuery = sql`
  SELECT format('%s has %s on %I.%I, a table of the server', ${granteeText('a')}, a.privilege_type, n.nspname, c.relname),
    format('REVOKE %s ON %I.%I FROM %s CASCADE', a.privilege_type, n.nspname, c.relname, ${granteeText('a')}),
    format('rights on %I.%I', n.nspname, c.relname), false
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN LATERAL aclexplode(c.relacl) a
  WHERE n.nspname = 'pg_catalog' AND ${isServed} AND ${isAdded('pg_class', 'c.oid', '0', `acldefault('r', c.relowner)`)}
`;

const columns: PowerQuery = sql`
  SELECT format('%s has %s (%I) on %I.%I, a table of the server', ${granteeText('a')}, a.privilege_type, t.attname, n.nspname, c.relname),
    format('REVOKE %s (%I) ON %I.%I FROM %s CASCADE', a.privilege_type, t.attname, n.nspname, c.relname, ${granteeText('a')}),
    format('rights on %I.%I', n.nspname, c.relname), false
  FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN LATERAL aclexplode(t.attacl) a
  WHERE n.nspname = 'pg_catalog' AND ${isServed} AND ${isAdded('pg_class', 'c.oid', 't.attnum', 'NULL')}
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

/** What the application, the auditor and PUBLIC may use of the server that it was not made with: rights of `pg_catalog`, and other servers. */
export const serverRights: readonly PowerQuery[] = [functions, relations, columns, ...foreign, mappings];
