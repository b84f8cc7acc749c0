import type { RolePower, WantedRights } from '../../../contract/roles.js';
import type { RunSql } from '../../../contract/sql.js';
import { identifier, literal, readOnlyRights } from '../../../model/index.js';
import { sql } from '../../../sql/template.js';
import { granteeName, granteeSql, tableEntries } from './grants.js';
import { type Asked, granteeText, type PowerQuery, powerOf, routineText, servedSql } from './power-query.js';
import { type Entry, placeOf, publicGrantee, readObjects } from './state.js';

const who = granteeText('a');

// a role that may call one can put it on a table of its own
const triggerFunctions = (here: string, functions: readonly string[]): PowerQuery => sql`
  SELECT format('%s may call the trigger function %I()', ${who}, p.proname) AS finding,
    format('REVOKE EXECUTE ON FUNCTION %s FROM %s CASCADE', ${routineText}, ${who}) AS remedy,
    format('rights of %s on %s', ${who}, ${routineText}) AS object, false AS named
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace CROSS JOIN aclexplode(p.proacl) a
  WHERE n.oid = ${here} AND p.prorettype = 'trigger'::regtype AND a.grantee NOT IN (0, p.proowner)
    AND p.proname IN (${functions.map(literal).join(', ') || 'NULL'})
`;

// for a function of guarantees it is planned; no other step can grant it, as shadows have no roles
const ownersFunctions = (here: string, functions: readonly string[]): PowerQuery => sql`
  SELECT format('%s may call %s, which runs as its owner', ${who}, ${routineText}), format('REVOKE EXECUTE ON ROUTINE %s FROM %s CASCADE', ${routineText}, ${who}),
    format('rights of %s on %s', ${who}, ${routineText}), false
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace CROSS JOIN aclexplode(p.proacl) a
  WHERE n.oid = ${here} AND p.prosecdef AND a.grantee NOT IN (0, p.proowner) AND p.proname NOT IN (${functions.map(literal).join(', ') || "''"})
    -- where everybody may call it, it gives nothing
    AND NOT EXISTS (SELECT FROM aclexplode(p.proacl) b WHERE b.grantee = 0)
`;

const schemaRights = (here: string, owner: string): PowerQuery => sql`
  SELECT format('%s may create objects in the schema %s', ${who}, n.nspname), format('REVOKE CREATE ON SCHEMA %I FROM %s CASCADE', n.nspname, ${who}),
    format('rights of %s on the schema', ${who}), false
  FROM pg_namespace n CROSS JOIN aclexplode(n.nspacl) a
  WHERE n.oid = ${here} AND a.privilege_type = 'CREATE' AND a.grantee NOT IN (0, n.nspowner) AND a.grantee NOT IN (SELECT oid FROM served)
    AND pg_get_userbyid(a.grantee) NOT IN (${owner}, session_user)
`;

const kinds = `CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES' ELSE 'SCHEMAS' END`;

// those of the schema for the application, the auditor and PUBLIC are planned; PUBLIC may call functions and use types by default.
// What the application has on a new table, another role may have too: every guarantee binds it
const defaultRights = (here: string, owner: string, auditor: string): PowerQuery => sql`
  SELECT format('%s is given %s on all %s that %s creates%s', ${who}, a.privilege_type, lower(${kinds}), pg_get_userbyid(d.defaclrole),
      CASE WHEN d.defaclnamespace = 0 THEN ', in every schema' ELSE '' END),
    format('ALTER DEFAULT PRIVILEGES FOR ROLE %I%s REVOKE %s ON %s FROM %s CASCADE', pg_get_userbyid(d.defaclrole),
      CASE WHEN d.defaclnamespace = 0 THEN '' ELSE format(' IN SCHEMA %I', n.nspname) END, a.privilege_type, ${kinds}, ${who}),
    format('default rights of %s', ${who}),
    NOT a.is_grantable AND a.grantee <> 0 AND (a.privilege_type = 'USAGE' OR d.defaclobjtype IN ('r', 'S') AND a.privilege_type = 'SELECT'
      OR d.defaclobjtype = 'r' AND a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE') AND pg_get_userbyid(a.grantee) <> ${auditor})
  FROM pg_default_acl d JOIN pg_namespace n ON n.oid = ${here} CROSS JOIN aclexplode(d.defaclacl) a
  WHERE d.defaclnamespace IN (0, n.oid) AND d.defaclrole = (SELECT oid FROM pg_roles WHERE rolname = ${owner}) AND a.grantee <> d.defaclrole
    AND (d.defaclnamespace = 0 OR d.defaclobjtype NOT IN ('r', 'S') OR a.grantee <> 0 AND a.grantee NOT IN (SELECT oid FROM served))
    AND NOT (a.grantee = 0 AND a.privilege_type = CASE d.defaclobjtype WHEN 'f' THEN 'EXECUTE' WHEN 'T' THEN 'USAGE' ELSE '' END)
`;

// a right that may be passed on reaches roles that no check knows
const passedOn = (here: string, tables: Iterable<string>): PowerQuery => sql`
  SELECT format('%s may pass on %s on %s', g.who, g.privilege, g.object), format('REVOKE GRANT OPTION FOR %s ON %s FROM %s CASCADE', g.privilege, g.object, g.who),
    format('rights of %s on %s', g.who, g.object), false
  FROM (
    SELECT 'ROUTINE ' || ${routineText} AS object, ${who} AS who, a.privilege_type AS privilege
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace CROSS JOIN aclexplode(p.proacl) a
    WHERE n.oid = ${here} AND a.is_grantable AND a.grantee <> p.proowner
    UNION ALL
    SELECT format('TYPE %I.%I', n.nspname, t.typname), ${who}, a.privilege_type
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace CROSS JOIN aclexplode(t.typacl) a
    WHERE n.oid = ${here} AND a.is_grantable AND a.grantee <> t.typowner
    UNION ALL
    SELECT format('SCHEMA %I', n.nspname), ${who}, a.privilege_type
    FROM pg_namespace n CROSS JOIN aclexplode(n.nspacl) a
    WHERE n.oid = ${here} AND a.is_grantable AND a.grantee <> n.nspowner
    UNION ALL
    -- those of the tables that rights are planned for are compared with the plan
    SELECT format('%s %I.%I', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, n.nspname, c.relname), ${who}, a.privilege_type
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN aclexplode(c.relacl) a
    WHERE n.oid = ${here} AND a.is_grantable AND a.grantee <> c.relowner AND NOT c.relispartition AND c.relname NOT IN (${[...tables].map(literal).join(', ') || 'NULL'})
      AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
        AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND t.relname IN (${[...tables].map(literal).join(', ') || 'NULL'}))
  ) g
`;

// a type of the schema that the application may not use ends its statements; no step grants it
const typeRights = (here: string): PowerQuery => sql`
  SELECT format('%s may not use the type %I.%I', r.rolname, n.nspname, t.typname), format('GRANT USAGE ON TYPE %I.%I TO %I', n.nspname, t.typname, r.rolname),
    format('rights on type %I.%I', n.nspname, t.typname), false
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace CROSS JOIN served r
  WHERE n.oid = ${here} AND t.typtype IN ('e', 'd', 'r') AND NOT r.rolsuper AND NOT has_type_privilege(r.oid, t.oid, 'USAGE')
`;

// those of the tables of the plan, and of their sequences, are compared with it
const unplanned = (here: string, tables: Iterable<string>): PowerQuery => {
  const planned = [...tables].map(literal).join(', ') || 'NULL';
  return sql`
    SELECT format('%s has %s on the %s %I.%I', ${who}, string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type), k.kind, n.nspname, c.relname),
      format('REVOKE %s ON %s %I.%I FROM %s CASCADE', string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type), CASE k.kind WHEN 'sequence' THEN 'SEQUENCE' ELSE 'TABLE' END, n.nspname, c.relname, ${who}),
      format('rights of %s on %I', ${who}, c.relname),
      -- a number that was set back makes the next keys fail
      NOT (k.kind = 'sequence' AND bool_or(a.privilege_type = 'UPDATE'))
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN aclexplode(c.relacl) a
    CROSS JOIN LATERAL (SELECT CASE c.relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'table' END AS kind) k
    WHERE n.oid = ${here} AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND NOT c.relispartition AND a.grantee <> c.relowner AND c.relname NOT IN (${planned})
      AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
        AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND t.relname IN (${planned}))
    GROUP BY a.grantee, k.kind, n.nspname, c.relname
  `;
};

/**
 * Finds the rights of other roles than the application, the auditor and PUBLIC, and default rights. One that the application has
 * too weakens nothing, as every guarantee binds that role as well, unless it bypasses row-level security; more, or the right to
 * pass it on, is a finding.
 */
export async function otherGrants(
  run: RunSql,
  asked: Asked,
  { roles, tables, functions, functionsBeside = [], guards }: WantedRights,
): Promise<readonly RolePower[]> {
  const { schema, owner } = asked;
  const here = placeOf(schema);
  const all = [
    triggerFunctions(here, functions),
    ownersFunctions(here, [...functions, ...functionsBeside]),
    schemaRights(here, literal(owner)),
    defaultRights(here, literal(owner), literal(roles.auditor)),
    passedOn(here, tables.keys()),
    typeRights(here),
    unplanned(here, tables.keys()),
  ];
  const rows = await run(`WITH ${servedSql(asked)}\n${all.join('\nUNION ALL\n')}`);
  const strong = new Set(
    (await run('SELECT rolname::text AS name FROM pg_roles WHERE rolbypassrls AND NOT rolsuper')).map((row) =>
      String(row.name),
    ),
  );
  const governed = new Set([roles.app, roles.auditor, publicGrantee, owner]);
  const found: RolePower[] = rows.map(powerOf);
  for (const { kind, name: table, entries, external } of await readObjects(run, schema, { tables, guards })) {
    // partitions are governed as a whole
    if (kind === 'partition') continue;
    const allowed = kind === 'table' ? tableEntries('', tables.get(table) ?? readOnlyRights) : [];
    for (const entry of entries) {
      if (governed.has(entry.grantee)) continue;
      const { grantee, privilege, column } = entry;
      const right = column === undefined ? privilege : `${privilege} (${identifier(column)})`;
      const isWeak = kind === 'sequence' ? /^(USAGE|SELECT)$/.test(privilege) : isWithin(entry, allowed);
      const bypasses = kind === 'table' && strong.has(grantee);
      const place = (external && guards?.schema) || schema;
      const on = `${kind === 'sequence' ? 'SEQUENCE ' : ''}${identifier(place)}.${identifier(table)}`;
      found.push({
        finding: `${granteeName(grantee)} has ${right} on ${table}${bypasses ? ', and bypasses row-level security' : ''}`,
        remedy: `REVOKE ${right.replace('*', '')} ON ${on} FROM ${granteeSql(grantee)}${right.includes('*') ? ' CASCADE' : ''}`,
        object: `rights of ${identifier(grantee)} on ${identifier(table)}`,
        isAllowed: isWeak && !bypasses,
      });
    }
  }
  return found;
}

const isWithin = ({ privilege, column }: Entry, allowed: readonly Entry[]): boolean =>
  allowed.some(
    (entry) => entry.privilege === privilege && (entry.column === undefined || entry.column === column),
  );
