import type { RolePower, WantedRights } from '../../../contract/roles.js';
import type { RunSql } from '../../../contract/sql.js';
import { identifier, literal, readOnlyRights } from '../../../model/index.js';
import { sql } from '../../../sql/template.js';
import { granteeName, granteeSql, tableEntries } from './grants.js';
import { type Entry, publicGrantee, readObjects } from './state.js';

const here = `(SELECT oid FROM pg_namespace WHERE nspname = current_schema())`;
const name = `CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END`;

// a role that may call one can put it on a table of its own
const triggerFunctions = (functions: readonly string[]): string => sql`
  SELECT format('%s may call the trigger function %s', ${name}, p.oid::regprocedure) AS finding,
    format('REVOKE EXECUTE ON FUNCTION %s FROM %s', p.oid::regprocedure, ${name}) AS remedy
  FROM pg_proc p CROSS JOIN aclexplode(p.proacl) a
  WHERE p.pronamespace = ${here} AND p.prorettype = 'trigger'::regtype AND a.grantee NOT IN (0, p.proowner)
    AND p.proname IN (${functions.map(literal).join(', ') || 'NULL'})
`;

const schema = (served: string, owner: string): string => sql`
  SELECT format('%s may create objects in the schema %s', ${name}, n.nspname), format('REVOKE CREATE ON SCHEMA %I FROM %s', n.nspname, ${name})
  FROM pg_namespace n CROSS JOIN aclexplode(n.nspacl) a
  WHERE n.oid = ${here} AND a.privilege_type = 'CREATE' AND a.grantee NOT IN (0, n.nspowner) AND a.grantee NOT IN (${served})
    AND pg_get_userbyid(a.grantee) NOT IN (${owner}, session_user)
`;

const defaults = (served: string, owner: string): string => sql`
  SELECT format('%s is given %s on every object of the kind %s that %s creates', ${name}, a.privilege_type, d.defaclobjtype, pg_get_userbyid(d.defaclrole)),
    format('ALTER DEFAULT PRIVILEGES FOR ROLE %I%s REVOKE %s ON %s FROM %s', pg_get_userbyid(d.defaclrole),
      CASE WHEN d.defaclnamespace = 0 THEN '' ELSE format(' IN SCHEMA %I', current_schema()) END, a.privilege_type,
      CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES' ELSE 'SCHEMAS' END, ${name})
  FROM pg_default_acl d CROSS JOIN aclexplode(d.defaclacl) a
  WHERE d.defaclnamespace IN (0, ${here}) AND d.defaclrole = (SELECT oid FROM pg_roles WHERE rolname = ${owner}) AND a.grantee <> d.defaclrole
    AND d.defaclobjtype IN ('r', 'S', 'f') AND a.grantee <> 0 AND a.grantee NOT IN (${served})
`;

/**
 * Finds the rights of other roles than the application, the auditor and PUBLIC. One that the application has too weakens
 * nothing, as every guarantee binds that role as well; more, or the right to pass it on, is a finding.
 */
export async function otherGrants(
  run: RunSql,
  wanted: WantedRights,
  owner: string,
): Promise<readonly RolePower[]> {
  const { roles, tables, functions } = wanted;
  const names = [roles.app, roles.auditor];
  const served = `SELECT oid FROM pg_roles WHERE rolname IN (${names.map(literal).join(', ')})`;
  const rows = await run(
    [triggerFunctions(functions), schema(served, literal(owner)), defaults(served, literal(owner))].join(
      '\nUNION ALL\n',
    ),
  );
  const governed = new Set([...names, publicGrantee, owner]);
  const found: RolePower[] = rows.map(({ finding, remedy }) => ({
    finding: String(finding),
    remedy: String(remedy),
    isAllowed: false,
  }));
  for (const { kind, name: table, entries } of await readObjects(run, wanted)) {
    // partitions are governed as a whole
    if (kind === 'partition') continue;
    const allowed = kind === 'table' ? tableEntries('', tables.get(table) ?? readOnlyRights) : [];
    for (const entry of entries) {
      if (governed.has(entry.grantee)) continue;
      const { grantee, privilege, column } = entry;
      const right = column === undefined ? privilege : `${privilege} (${identifier(column)})`;
      found.push({
        finding: `${granteeName(grantee)} has ${right} on ${table}`,
        remedy: `REVOKE ${right.replace('*', '')} ON ${identifier(table)} FROM ${granteeSql(grantee)}${right.includes('*') ? ' CASCADE' : ''}`,
        isAllowed: kind === 'sequence' ? /^(USAGE|SELECT)$/.test(privilege) : isWithin(entry, allowed),
      });
    }
  }
  return found;
}

const isWithin = ({ privilege, column }: Entry, allowed: readonly Entry[]): boolean =>
  allowed.some(
    (entry) => entry.privilege === privilege && (entry.column === undefined || entry.column === column),
  );
