import type { RolePower, WantedRights } from '../../../contract/roles.js';
import type { RunSql } from '../../../contract/sql.js';
import { literal } from '../../../model/index.js';
import { sql } from '../../../sql/template.js';
import { otherGrants } from './other-grants.js';
import { findReaders } from './readers.js';
import { readConnection } from './state.js';

// they change how long something takes or what is written to the log, and no result
const harmless =
  `'^(log_|track_|enable_|jit|geqo|max_parallel_|parallel_|effective_|cpu_|autovacuum_|tcp_|.*_(timeout|cost|limit)$|
(work_mem|maintenance_work_mem|hash_mem_multiplier|logical_decoding_work_mem|temp_buffers|default_statistics_target|plan_cache_mode|application_name|client_min_messages|lc_messages|timezone|cursor_tuple_fraction|compute_query_id)$)'`.replaceAll(
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

const queries = (owner: string): readonly string[] => [
  ...(
    [
      ['rolcreaterole', 'create roles', 'NOCREATEROLE'],
      ['rolcreatedb', 'create databases', 'NOCREATEDB'],
      ['rolreplication', 'read the whole server by replication', 'NOREPLICATION'],
    ] as const
  ).map(
    ([column, what, remedy]) => sql`
      SELECT format('%s may ${what}', rolname) AS finding, format('ALTER ROLE %I ${remedy}', rolname) AS remedy, false AS named
      FROM served WHERE ${column} AND NOT rolsuper
    `,
  ),
  // the owner is reported with the roles' attributes
  sql`
    SELECT DISTINCT format('%s may act as %s', r.rolname, g.rolname), format('REVOKE %I FROM %I', v.rolname, r.rolname), false
    FROM served r JOIN pg_roles g ON g.oid <> r.oid AND pg_has_role(r.oid, g.oid, 'MEMBER') AND g.rolname NOT IN (${owner}, 'pg_database_owner')
    JOIN pg_auth_members m ON m.member = r.oid JOIN pg_roles v ON v.oid = m.roleid AND pg_has_role(v.oid, g.oid, 'MEMBER')
    WHERE NOT r.rolsuper AND ${isPowerful}
  `,
  sql`
    SELECT format('%s sets %s', coalesce(r.rolname, 'the database'), split_part(c, '=', 1)),
      CASE WHEN r.rolname IS NULL THEN format('ALTER DATABASE %I RESET %I', current_database(), split_part(c, '=', 1))
        ELSE format('ALTER ROLE %I', r.rolname) || ${settingPlace} || format(' RESET %I', split_part(c, '=', 1)) END, false
    FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) c LEFT JOIN pg_roles r ON r.oid = s.setrole
    WHERE s.setdatabase IN (0, ${here}) AND (s.setrole = 0 OR r.oid IN (SELECT oid FROM served) OR r.rolname = ${owner})
      AND lower(split_part(c, '=', 1)) !~ ${harmless} AND (strpos(split_part(c, '=', 1), '.') = 0 OR lower(c) LIKE 'ashlar.%')
  `,
  // no remedy: a function or a view that another owner is given acts with that owner's rights
  sql`
    SELECT format('%s owns %s', r.rolname, pg_describe_object(s.classid, s.objid, s.objsubid)),
      NULL, false
    FROM served r JOIN pg_shdepend s ON s.refclassid = 'pg_authid'::regclass AND s.refobjid = r.oid AND s.deptype = 'o'
    WHERE NOT r.rolsuper AND (s.dbid = ${here} OR s.dbid = 0 AND (s.classid <> 'pg_database'::regclass OR s.objid = ${here}))
      AND coalesce((pg_identify_object(s.classid, s.objid, s.objsubid)).schema, '') NOT LIKE 'pg\\_t%'
  `,
  sql`
    SELECT format('%s may call %s, a function of the server', r.rolname, s.objid::regprocedure),
      format('REVOKE EXECUTE ON FUNCTION %s FROM %I', s.objid::regprocedure, r.rolname), false
    FROM served r JOIN pg_shdepend s ON s.refclassid = 'pg_authid'::regclass AND s.refobjid = r.oid AND s.deptype = 'a' AND s.dbid = ${here}
    JOIN pg_proc p ON s.classid = 'pg_proc'::regclass AND p.oid = s.objid AND p.pronamespace = 'pg_catalog'::regnamespace
    WHERE NOT r.rolsuper
  `,
  sql`
    SELECT format('%s may create schemas in the database', r.rolname), format('REVOKE CREATE ON DATABASE %I FROM %I', current_database(), r.rolname), false
    FROM served r WHERE NOT r.rolsuper AND has_database_privilege(r.oid, ${here}, 'CREATE')
      AND NOT pg_has_role(r.oid, (SELECT datdba FROM pg_database WHERE oid = ${here}), 'MEMBER')
  `,
  sql`
    SELECT format('%s may act as the owner, %s', m.rolname, ${owner}), NULL, true
    FROM pg_roles m JOIN pg_roles o ON o.rolname = ${owner} AND m.oid <> o.oid
    WHERE NOT m.rolsuper AND m.rolname <> session_user AND m.rolname NOT LIKE 'pg\\_%' AND pg_has_role(m.oid, o.oid, 'MEMBER')
      AND m.oid NOT IN (SELECT oid FROM served)
  `,
];

const parameters = sql`
  SELECT format('%s may set %s', CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END, p.parname) AS finding,
    format('REVOKE %s ON PARAMETER %s FROM %s', a.privilege_type, p.parname, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END) AS remedy,
    false AS named
  FROM pg_parameter_acl p CROSS JOIN aclexplode(p.paracl) a
  WHERE a.grantee = 0 OR a.grantee IN (SELECT oid FROM served)
`;

/**
 * Finds what the application and the auditor can do beyond the rights that guarantees leave them, and what other roles can: by
 * attributes, memberships, settings, ownership and grants. It proposes and changes nothing: roles belong to the server.
 */
export async function readPowers(run: RunSql, wanted: WantedRights): Promise<readonly RolePower[]> {
  const { roles } = wanted;
  const connection = await readConnection(run);
  const owner = roles.owner ?? connection.current;
  const served = `WITH served AS (SELECT * FROM pg_roles WHERE rolname IN (${[roles.app, roles.auditor].map(literal).join(', ')}) AND rolname <> ${literal(owner)})`;
  const [version = {}] = await run(
    `SELECT to_regclass('pg_catalog.pg_parameter_acl') IS NOT NULL AS has_parameters`,
  );
  const all = [
    ...queries(literal(owner)),
    ...(version.has_parameters === true || version.has_parameters === 't' ? [parameters] : []),
  ];
  const rows = await run(`${served}\nSELECT * FROM (${all.join('\nUNION ALL\n')}) found ORDER BY 1`);
  return [
    ...rows.map(({ finding, remedy, named }) => ({
      finding: String(finding),
      remedy: remedy === null ? undefined : String(remedy),
      isAllowed: named === true || named === 't',
    })),
    ...(await findReaders(run, wanted)),
    ...(await otherGrants(run, wanted, owner)),
  ];
}
