import type { RolePower, WantedRights } from '../../../contract/roles.js';
import type { RunSql } from '../../../contract/sql.js';
import { literal } from '../../../model/index.js';
import { sql } from '../../../sql/template.js';
import { inOwnPath } from '../own-path.js';
import { maySet } from '../session/may-set.js';
import { callableFunctions } from './callable.js';
import { otherGrants } from './other-grants.js';
import { type Asked, granteeText, type PowerQuery, powerOf, servedSql } from './power-query.js';
import { reachedFunctions } from './reached.js';
import { findReaders } from './readers.js';
import { serverRights } from './server-rights.js';
import { readConnection } from './state.js';

// they change how long something takes or what is written to the log, and no result
const harmless =
  `'^(log_|track_|enable_|jit|geqo|max_parallel_|parallel_|effective_|cpu_|autovacuum_|tcp_|.*_(timeout|cost)$|
(work_mem|maintenance_work_mem|hash_mem_multiplier|logical_decoding_work_mem|temp_buffers|default_statistics_target|plan_cache_mode|application_name|client_min_messages|lc_messages|cursor_tuple_fraction|compute_query_id|temp_file_limit|gin_pending_list_limit)$)'`.replaceAll(
    '\n',
    '',
  );

// a role without any of this can do nothing: providers use such roles as marks
const isPowerful = sql`
  (g.rolname LIKE 'pg\\_%' OR g.rolsuper OR g.rolcreaterole OR g.rolcreatedb OR g.rolreplication OR g.rolbypassrls
    OR EXISTS (SELECT FROM pg_shdepend s WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = g.oid
      AND s.dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))))
`;

const here = `(SELECT oid FROM pg_database WHERE datname = current_database())`;

const settingPlace = `CASE WHEN s.setdatabase = 0 THEN '' ELSE format(' IN DATABASE %I', current_database()) END`;

const isOld = `current_setting('server_version_num')::int < 160000`;

/** The names of the schema and of roles as SQL strings. */
interface Places {
  readonly schema: string;
  readonly owner: string;
  readonly app: string;
  /** NULL, which no name equals, where the application connects as the role of its sessions. */
  readonly login: string;
}

const queries = ({ schema, owner, app, login }: Places): readonly PowerQuery[] => [
  ...(
    [
      ['rolcreaterole', 'create roles', 'NOCREATEROLE'],
      ['rolcreatedb', 'create databases', 'NOCREATEDB'],
      ['rolreplication', 'read the whole server by replication', 'NOREPLICATION'],
    ] as const
  ).map(
    ([column, what, remedy]) => sql`
      SELECT format('%s may ${what}', rolname) AS finding, format('ALTER ROLE %I ${remedy}', rolname) AS remedy,
        format('role %I ${remedy.slice(2).toLowerCase()}', rolname) AS object, false AS named
      FROM served WHERE ${column} AND NOT rolsuper
    `,
  ),
  // those of the application and the auditor are reported with their attributes
  ...(
    [
      ['rolsuper', 'is a superuser', 'NOSUPERUSER'],
      ['rolbypassrls AND NOT rolsuper', 'bypasses row-level security', 'NOBYPASSRLS'],
    ] as const
  ).map(
    ([column, what, remedy]) => sql`
      SELECT format('%s ${what}', rolname), format('ALTER ROLE %I ${remedy}', rolname),
        format('role %I ${remedy.slice(2).toLowerCase()}', rolname), false
      FROM served WHERE ${column} AND rolname = ${login}
    `,
  ),
  // one that is a member with no right to set, to inherit or to grant can do nothing with it; the owner is reported with the
  // roles' attributes
  sql`
    SELECT DISTINCT format('%s may %s %s', r.rolname,
        CASE WHEN pg_has_role(r.oid, g.oid, ${maySet}) OR pg_has_role(r.oid, g.oid, 'USAGE') THEN 'act as' ELSE 'grant itself' END, g.rolname),
      format('REVOKE %I FROM %I', v.rolname, r.rolname) || CASE WHEN m.grantor = 10 OR ${isOld} THEN '' ELSE format(' GRANTED BY %I', pg_get_userbyid(m.grantor)) END,
      format('member %I of %I', r.rolname, g.rolname), false
    FROM served r JOIN pg_roles g ON g.oid <> r.oid AND g.rolname <> 'pg_database_owner'
      AND (pg_has_role(r.oid, g.oid, ${maySet}) OR pg_has_role(r.oid, g.oid, 'USAGE') OR pg_has_role(r.oid, g.oid, 'MEMBER WITH ADMIN OPTION'))
      AND (g.rolname <> ${owner} OR r.rolname = ${login}) AND NOT (g.rolname = ${app} AND r.rolname = ${login})
    JOIN pg_auth_members m ON m.member = r.oid JOIN pg_roles v ON v.oid = m.roleid AND pg_has_role(v.oid, g.oid, 'MEMBER')
    WHERE NOT r.rolsuper AND ${isPowerful}
  `,
  sql`
    SELECT format('%s sets %s', coalesce(r.rolname, 'the database'), c.name),
      CASE WHEN r.rolname IS NULL THEN format('ALTER DATABASE %I RESET %I', current_database(), c.name)
        ELSE format('ALTER ROLE %I', r.rolname) || ${settingPlace} || format(' RESET %I', c.name) END,
      format('setting %s %s', coalesce(quote_ident(r.rolname), 'database'), c.name), false
    FROM pg_db_role_setting s CROSS JOIN LATERAL (SELECT lower(split_part(u, '=', 1)) AS name FROM unnest(s.setconfig) u) c
    LEFT JOIN pg_roles r ON r.oid = s.setrole
    WHERE s.setdatabase IN (0, ${here}) AND (s.setrole = 0 OR r.oid IN (SELECT oid FROM served) OR r.rolname = ${owner})
      AND c.name !~ ${harmless} AND (strpos(c.name, '.') = 0 OR c.name LIKE 'ashlar.%')
  `,
  // no remedy: a function or a view that another owner is given acts with that owner's rights
  sql`
    SELECT format('%s owns %s', r.rolname, pg_describe_object(s.classid, s.objid, s.objsubid)), NULL,
      format('owner %I of %s', r.rolname, pg_describe_object(s.classid, s.objid, s.objsubid)), false
    FROM served r JOIN pg_shdepend s ON s.refclassid = 'pg_authid'::regclass AND s.refobjid = r.oid AND s.deptype = 'o'
    WHERE NOT r.rolsuper AND (s.dbid = ${here} OR s.dbid = 0 AND (s.classid <> 'pg_database'::regclass OR s.objid = ${here}))
      AND coalesce((pg_identify_object(s.classid, s.objid, s.objsubid)).schema, '') NOT LIKE 'pg\\_t%'
  `,
  sql`
    SELECT format('%s may create schemas in the database', r.rolname), format('REVOKE CREATE ON DATABASE %I FROM %I', current_database(), r.rolname),
      format('rights of %I on the database', r.rolname), false
    FROM served r WHERE NOT r.rolsuper AND has_database_privilege(r.oid, ${here}, 'CREATE')
      AND NOT pg_has_role(r.oid, (SELECT datdba FROM pg_database WHERE oid = ${here}), 'MEMBER')
  `,
  // who owns the schema can drop what is in it; that of the database owns the schema public since PostgreSQL 15
  sql`
    SELECT format('%s owns the schema %I', o.rolname, n.nspname), format('ALTER SCHEMA %I OWNER TO %I', n.nspname, ${owner}),
      format('owner of schema %I', n.nspname), false
    FROM pg_namespace n JOIN pg_roles o ON o.oid = n.nspowner
    WHERE n.nspname = ${schema} AND o.rolname NOT IN (${owner}, 'pg_database_owner') AND NOT o.rolsuper AND o.oid NOT IN (SELECT oid FROM served)
  `,
  sql`
    SELECT format('%s owns the database', o.rolname), NULL, format('owner of database %I', d.datname), true
    FROM pg_database d JOIN pg_roles o ON o.oid = d.datdba
    WHERE d.datname = current_database() AND o.rolname <> ${owner} AND NOT o.rolsuper AND o.oid NOT IN (SELECT oid FROM served)
  `,
  sql`
    SELECT format('%s may act as the owner, %s', m.rolname, o.rolname), NULL, format('member %I of %I', m.rolname, o.rolname), true
    FROM pg_roles m JOIN pg_roles o ON o.rolname = ${owner} AND m.oid <> o.oid
    WHERE NOT m.rolsuper AND m.rolname <> session_user AND m.rolname NOT LIKE 'pg\\_%' AND pg_has_role(m.oid, o.oid, 'MEMBER')
      AND m.oid NOT IN (SELECT oid FROM served)
  `,
  sql`
    SELECT format('%s may set %s', ${granteeText('a')}, p.parname), format('REVOKE %s ON PARAMETER %s FROM %s', a.privilege_type, p.parname, ${granteeText('a')}),
      format('parameter %s', p.parname), false
    FROM pg_parameter_acl p CROSS JOIN LATERAL aclexplode(p.paracl) a
    WHERE a.grantee = 0 OR a.grantee IN (SELECT oid FROM served)
  `,
];

/**
 * Finds what the application and the auditor can do beyond the rights that guarantees leave them, and what other roles can: by
 * attributes, memberships, settings, ownership, grants, and what they can call. It proposes and changes nothing: roles belong
 * to the server. Call it in a transaction.
 */
export async function readPowers(run: RunSql, wanted: WantedRights): Promise<readonly RolePower[]> {
  const { roles } = wanted;
  const { schema = '', current } = await readConnection(run);
  const owner = roles.owner ?? current;
  const asked: Asked = {
    schema,
    owner,
    served: [roles.app, roles.auditor, ...(roles.login === undefined ? [] : [roles.login])],
  };
  const places: Places = {
    schema: literal(schema),
    owner: literal(owner),
    app: literal(roles.app),
    login: roles.login === undefined ? 'NULL' : literal(roles.login),
  };
  return inOwnPath(run, async () => {
    const all = [...queries(places), callableFunctions(asked), ...reachedFunctions(asked), ...serverRights];
    const rows = await run(
      `WITH ${servedSql(asked)}\nSELECT * FROM (${all.join('\nUNION ALL\n')}) found ORDER BY 1`,
    );
    return [
      ...rows.map(powerOf),
      ...(await findReaders(run, schema, wanted)),
      ...(await otherGrants(run, asked, wanted)),
    ];
  });
}
