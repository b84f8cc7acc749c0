import type { RolePower, WantedRights } from '../../../contract/roles.js';
import type { RunSql } from '../../../contract/sql.js';
import { literal } from '../../../model/index.js';
import { sql } from '../../../sql/template.js';
import { powerOf } from './power-query.js';
import { placeOf } from './state.js';

/**
 * Finds the roles that can use a closed table as members of `pg_read_all_data` or `pg_write_all_data`, without a grant on the
 * table. Superusers and roles that may create roles are left out: they can give themselves any right.
 *
 * @returns one for each role and table
 */
export async function findReaders(
  run: RunSql,
  schema: string,
  { roles, closed, secret }: WantedRights,
): Promise<readonly RolePower[]> {
  const names = [...closed].map((name) => `(${literal(name)}::name, ${String(secret.has(name))})`);
  if (names.length === 0) return [];
  const rows = await run(sql`
    SELECT format('%s may %s %s, as a member of %s', r.rolname, p.may, c.relname, p.rolname) AS finding,
      format('REVOKE %I FROM %I', p.rolname, r.rolname) AS remedy, format('member %I of %I', r.rolname, p.rolname) AS object
    FROM (VALUES ${names.join(', ')}) AS t (name, secret)
    JOIN pg_class c
      ON c.relname = t.name AND c.relkind = 'r' AND c.relnamespace = ${placeOf(schema)}
    CROSS JOIN (VALUES ('pg_read_all_data'::name, 'read'), ('pg_write_all_data', 'write')) AS p (rolname, may)
    JOIN pg_roles r ON NOT r.rolsuper AND NOT r.rolcreaterole AND r.rolname !~ '^pg_'
    -- MEMBER: also one that has to take the role first
    WHERE pg_has_role(r.oid, p.rolname, 'MEMBER') AND NOT pg_has_role(r.oid, c.relowner, 'MEMBER')
      AND NOT (r.rolname = ${literal(roles.auditor)} AND p.may = 'read' AND NOT t.secret)
    ORDER BY 1
  `);
  return rows.map(powerOf);
}
