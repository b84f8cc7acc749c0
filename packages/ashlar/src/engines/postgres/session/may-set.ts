/**
 * The SQL expression for the privilege that pg_has_role must check to find out whether SET ROLE is allowed. Before
 * PostgreSQL 16, every member of a role could set it.
 */
export const maySet = `CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END`;
