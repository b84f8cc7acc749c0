import { literal } from '../../../model/index.js';
import { sql } from '../../../sql/template.js';
import { type Asked, granteeText, type PowerQuery, routineText } from './power-query.js';
import { placeOf } from './state.js';

const isMember = `EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e')`;

// the rights of PUBLIC on a table of ours are a finding of their own
const hasRight = (schema: string): string => sql`
  EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = ${placeOf(schema)} AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
    AND (has_any_column_privilege(o.oid, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES') OR has_table_privilege(o.oid, c.oid, 'DELETE, TRUNCATE, TRIGGER')))
`;

/** The SQL condition that a role `o` can do what the application cannot. */
export const isStrong = ({ schema, owner }: Asked): string => sql`
  (o.rolsuper OR o.rolbypassrls OR pg_has_role(o.oid, (SELECT oid FROM pg_roles WHERE rolname = ${literal(owner)}), 'MEMBER') OR ${hasRight(schema)})
`;

/**
 * Functions of other schemas that run as an owner who can do what the application cannot. They are found by who can call them:
 * what a function does is not in its text, as it can build its SQL, and an owner can make it a member of an extension. Those
 * of the schema itself are compared with its steps.
 */
export function callableFunctions(asked: Asked): PowerQuery {
  const { schema } = asked;
  return sql`
    SELECT CASE WHEN by.roles IS NULL THEN format('%s runs as %s; the application and the auditor cannot call it', f.routine, f.owner)
        ELSE format('%s may call %s, which runs as %s', by.roles, f.routine, f.owner) END AS finding,
      CASE WHEN by.roles IS NOT NULL THEN format('REVOKE EXECUTE ON ROUTINE %s FROM %s', f.routine, by.grantees) END AS remedy,
      'function ' || f.routine AS object, by.roles IS NULL AS named
    FROM (
      SELECT p.oid, n.oid AS place, p.proacl, p.proowner, ${routineText} AS routine, o.rolname AS owner, ${isMember} AS is_member
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
      JOIN (
        SELECT o.oid, o.rolname, ${isStrong(asked)} AS is_strong
        FROM pg_roles o WHERE o.oid IN (SELECT proowner FROM pg_proc WHERE prosecdef)
      ) o ON o.oid = p.proowner AND o.is_strong
      -- no statement of a session calls a function of an event trigger
      WHERE p.prosecdef AND n.nspname <> ${literal(schema)} AND p.prorettype <> 'event_trigger'::regtype
    ) f CROSS JOIN LATERAL (
      SELECT string_agg(DISTINCT r.rolname, ' and ') AS roles, string_agg(DISTINCT ${granteeText('a')}, ', ') AS grantees
      FROM served r JOIN aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) a
        ON a.grantee = 0 OR pg_has_role(r.oid, a.grantee, 'MEMBER')
      WHERE NOT r.rolsuper AND a.privilege_type = 'EXECUTE' AND r.oid <> f.proowner AND has_schema_privilege(r.oid, f.place, 'USAGE')
    ) by
    WHERE by.roles IS NOT NULL OR NOT f.is_member
  `;
}
