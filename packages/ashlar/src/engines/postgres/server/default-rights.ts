import type { Owner } from '../../../contract/owner.js';
import { identifier, literal } from '../../../model/index.js';
import { sql } from '../../../sql/template.js';

const mine = `d.defaclnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)
  AND d.defaclrole = (SELECT oid FROM pg_roles WHERE rolname = current_user)`;

const kinds = `CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES' END`;

// each right as one statement: the objects, the right, and the role
const defaults = sql`
  SELECT ${kinds} AS kind, a.privilege_type AS privilege, a.is_grantable AS grantable,
    CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS grantee
  FROM pg_default_acl d, aclexplode(d.defaclacl) a
  WHERE ${mine} AND a.grantee <> d.defaclrole AND d.defaclobjtype IN ('r', 'S', 'f', 'T')
`;

// default privileges of the role for every schema have no exception for one
const revokeEverything = (schema: string): string => sql`
  DO $ashlar$
  DECLARE
    one pg_catalog.record;
  BEGIN
    FOR one IN
      SELECT DISTINCT c.oid::regclass AS name, CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind,
        CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS grantee
      FROM pg_class c, aclexplode(c.relacl) a
      WHERE c.relnamespace = ${literal(identifier(schema))}::regnamespace
        AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND a.grantee <> c.relowner
    LOOP
      EXECUTE format('REVOKE ALL ON %s %s FROM %s CASCADE', one.kind, one.name, one.grantee);
    END LOOP;
  END
  $ashlar$
`;

/**
 * Runs `work`, which creates the objects of a schema as the current role, so that default privileges give no other role a
 * right on them: no other role reads the rows of a copy, or the keys in it, until rights are granted. The default
 * privileges come back afterwards, for objects that are created later.
 */
export async function withoutDefaultRights<T>(
  owner: Owner,
  schema: string,
  work: () => Promise<T>,
): Promise<T> {
  const rights = await owner.run(defaults, [schema]);
  const change = (verb: 'GRANT' | 'REVOKE') =>
    rights.map(({ kind, privilege, grantable, grantee }) => {
      const to =
        verb === 'GRANT' ? `TO ${grantee}${grantable ? ' WITH GRANT OPTION' : ''}` : `FROM ${grantee}`;
      return `ALTER DEFAULT PRIVILEGES IN SCHEMA ${identifier(schema)} ${verb} ${privilege} ON ${kind} ${to}`;
    });
  const run = async (statements: readonly string[]): Promise<void> => {
    if (statements.length > 0) await owner.script(statements.join('; '));
  };
  await run(change('REVOKE'));
  try {
    const result = await work();
    await owner.script(revokeEverything(schema));
    return result;
  } finally {
    await run(change('GRANT'));
  }
}
