import type { GuardedPlace } from '../../../contract/guards.js';
import type { WantedRights } from '../../../contract/roles.js';
import type { RunSql } from '../../../contract/sql.js';
import { literal } from '../../../model/index.js';
import { maySet } from '../session/may-set.js';

/** The name of the grantee PUBLIC, which means all roles. No role can have this name. */
export const publicGrantee = 'public';

/** The user, the current role and the schema of the connection that reads roles and rights. */
export interface ConnectionState {
  /** The connected user (`session_user`). */
  readonly login: string;
  readonly superuser: boolean;
  readonly createsRoles: boolean;
  /**
   * Whether the server is older than PostgreSQL 16; on such a server, a role with CREATEROLE may grant any role, and
   * memberships have no options.
   */
  readonly old: boolean;
  /** The role that the connection acts as (`current_user`). */
  readonly current: string;
  readonly schema: string | undefined;
}

/** The current state of one role. */
export interface RoleState {
  readonly name: string;
  readonly superuser: boolean;
  readonly bypassesRls: boolean;
  /** Whether the connected user may switch to this role with SET ROLE. */
  readonly maySet: boolean;
  /** Whether the connected user may grant this role to others. */
  readonly mayGrant: boolean;
  /** Whether this role is a member of the owner's role, and may therefore act as the owner. */
  readonly ownsAsMember: boolean;
}

/**
 * One privilege of a grantee, on an object or on one column of a table. `privilege` ends in `*` for `WITH GRANT
 * OPTION`.
 */
export interface Entry {
  readonly grantee: string;
  readonly privilege: string;
  readonly column: string | undefined;
}

/** A table, partition or sequence, with the rights that roles other than its owner have on it. */
export interface ObjectState {
  readonly kind: 'table' | 'partition' | 'sequence';
  readonly name: string;
  readonly owner: string;
  /** Whether it belongs to another tool, on whose tables a guard is. */
  readonly external: boolean;
  /** Whether the connection may grant rights on this object. */
  readonly grantable: boolean;
  /**
   * The columns that exist in the database now; columns that the model declares can still be missing until a migration
   * adds them.
   */
  readonly columns: readonly string[];
  readonly entries: readonly Entry[];
}

/** The rights on the schema, and the default rights on tables (r) and sequences (S) that the owner will create. */
export interface SchemaState {
  /** Whether the connection may grant rights on the schema. */
  readonly grantable: boolean;
  readonly entries: readonly Entry[];
  /** The roles that may use the schema, directly or through a membership. */
  readonly users: ReadonlySet<string>;
  /** The roles that may create objects in the schema. */
  readonly creators: ReadonlySet<string>;
  readonly defaults: Readonly<Record<'r' | 'S', readonly Entry[]>>;
}

/** A function of a guarantee, with the roles that may not call it. */
export interface FunctionState {
  /** The name with the types of its arguments, for messages. */
  readonly signature: string;
  /** The same with the schema, for statements. */
  readonly qualified: string;
  readonly owner: string;
  readonly isTrigger: boolean;
  /** Whether PUBLIC, and so every role, may call it. */
  readonly isPublic: boolean;
  /** The roles that may not call it, or only as every role may. */
  readonly withoutExecute: readonly string[];
  /** The roles to which someone granted the right to call it, for a trigger function. */
  readonly triggerCallers: readonly string[];
}

type Row = Readonly<Record<string, unknown>>;

const list = (names: Iterable<string>): string => [...names].map(literal).join(', ') || 'NULL';
const text = (value: unknown): string => String(value);
const isTrue = (value: unknown): boolean => value === true || value === 't';

/** Returns the SQL expression for the number of a schema. */
export const placeOf = (schema: string): string =>
  `(SELECT oid FROM pg_namespace WHERE nspname = ${literal(schema)})`;

const grantee = (acl: string): string =>
  `CASE ${acl}.grantee WHEN 0 THEN '${publicGrantee}' ELSE pg_get_userbyid(${acl}.grantee)::text END AS grantee,
  ${acl}.privilege_type || CASE WHEN ${acl}.is_grantable THEN '*' ELSE '' END AS privilege`;

/** Reads the user, the current role and the schema of the connection. */
export async function readConnection(run: RunSql): Promise<ConnectionState> {
  const [row = {}] = await run(`
SELECT u.rolname::text AS login, u.rolsuper AS superuser, u.rolcreaterole AS creates, current_user::text AS current,
  CASE WHEN current_schema() NOT LIKE 'pg\\_temp\\_%' THEN current_schema()::text END AS schema, current_setting('server_version_num')::int < 160000 AS old
FROM pg_roles u WHERE u.rolname = session_user`);
  return {
    login: text(row.login),
    superuser: isTrue(row.superuser),
    createsRoles: isTrue(row.creates),
    old: isTrue(row.old),
    current: text(row.current),
    schema: row.schema === null ? undefined : text(row.schema),
  };
}

/** Reads the attributes and memberships of the named roles; the result omits roles that do not exist. */
export async function readRoles(
  run: RunSql,
  names: Iterable<string>,
  owner: string,
): Promise<ReadonlyMap<string, RoleState>> {
  const rows = await run(`
SELECT r.rolname::text AS name, r.rolsuper AS superuser, r.rolbypassrls AS bypasses,
  pg_has_role(session_user, r.oid, ${maySet}) AS may_set,
  pg_has_role(session_user, r.oid, 'MEMBER WITH ADMIN OPTION') AS may_grant,
  coalesce((SELECT pg_has_role(r.oid, o.oid, 'MEMBER') AND o.oid <> r.oid FROM pg_roles o WHERE o.rolname = ${literal(owner)}), false) AS owns
FROM pg_roles r WHERE r.rolname IN (${list(names)})`);
  return new Map(
    rows.map((row) => [
      text(row.name),
      {
        name: text(row.name),
        superuser: isTrue(row.superuser),
        bypassesRls: isTrue(row.bypasses),
        maySet: isTrue(row.may_set),
        mayGrant: isTrue(row.may_grant),
        ownsAsMember: isTrue(row.owns),
      },
    ]),
  );
}

const objectsOf = (schema: string, tables: Iterable<string>, guards: GuardedPlace | undefined): string => `
WITH RECURSIVE wanted AS (
  SELECT oid, false AS external FROM pg_class
  WHERE relnamespace = ${placeOf(schema)} AND relkind IN ('r', 'p', 'v', 'm') AND NOT relispartition AND relname IN (${list(tables)})
  UNION ALL
  SELECT oid, true FROM pg_class
  WHERE relnamespace = ${placeOf(guards?.schema ?? schema)} AND relkind IN ('r', 'p') AND relname IN (${list(guards?.tables ?? [])})
), parts AS (
  SELECT i.inhrelid AS oid FROM pg_inherits i JOIN wanted w ON i.inhparent = w.oid
  UNION
  SELECT i.inhrelid FROM pg_inherits i JOIN parts p ON i.inhparent = p.oid
), objects AS (
  SELECT oid, 'table' AS kind, external FROM wanted
  UNION ALL SELECT oid, 'partition', false FROM parts
  UNION ALL
  SELECT s.oid, 'sequence', w.external FROM pg_depend d
  JOIN wanted w ON d.refclassid = 'pg_class'::regclass AND d.refobjid = w.oid AND d.deptype IN ('a', 'i')
  JOIN pg_class s ON d.classid = 'pg_class'::regclass AND s.oid = d.objid AND s.relkind = 'S'
)`;

/** Reads the named tables, their partitions and sequences, and the rights on each of them. */
export async function readObjects(
  run: RunSql,
  schema: string,
  { tables, guards }: Pick<WantedRights, 'tables' | 'guards'>,
): Promise<readonly ObjectState[]> {
  const rows = await run(`${objectsOf(schema, tables.keys(), guards)}
SELECT o.kind, o.external, c.relname::text AS name, pg_get_userbyid(c.relowner)::text AS owner,
  pg_has_role(current_user, c.relowner, 'USAGE') AS grantable, a."column", a.grantee, a.privilege,
  (SELECT json_agg(t.attname) FROM pg_attribute t WHERE t.attrelid = c.oid AND t.attnum > 0 AND NOT t.attisdropped) AS columns
FROM objects o
JOIN pg_class c ON c.oid = o.oid
LEFT JOIN LATERAL (
  SELECT NULL::text AS "column", ${grantee('x')} FROM aclexplode(c.relacl) x WHERE x.grantee <> c.relowner
  UNION ALL
  SELECT t.attname::text, ${grantee('y')}
  FROM pg_attribute t, aclexplode(t.attacl) y
  WHERE t.attrelid = c.oid AND t.attnum > 0 AND NOT t.attisdropped AND y.grantee <> c.relowner
) a ON true
ORDER BY array_position(ARRAY['table', 'partition', 'sequence'], o.kind), c.relname, a.grantee, a."column" NULLS FIRST, a.privilege`);
  const objects = new Map<string, ObjectState & { readonly entries: Entry[] }>();
  for (const row of rows) {
    const name = text(row.name);
    const object = objects.get(name) ?? {
      kind: row.kind as ObjectState['kind'],
      name,
      owner: text(row.owner),
      external: isTrue(row.external),
      grantable: isTrue(row.grantable),
      columns: row.columns as readonly string[],
      entries: [],
    };
    objects.set(name, object);
    if (row.grantee !== null) object.entries.push(entryOf(row));
  }
  return [...objects.values()];
}

const entryOf = (row: Row): Entry => ({
  grantee: text(row.grantee),
  privilege: text(row.privilege),
  column: row.column === null || row.column === undefined ? undefined : text(row.column),
});

/** Reads the rights on a schema, and which of `roles` may use the schema or create objects in it. */
export async function readSchema(
  run: RunSql,
  schema: string,
  roles: Iterable<string>,
  owner: string,
): Promise<SchemaState> {
  const names = [...roles];
  const here = placeOf(schema);
  const [rights = {}] = await run(
    `SELECT pg_has_role(session_user, nspowner, 'USAGE') AS grantable FROM pg_namespace WHERE oid = ${here}`,
  );
  const entries = await run(`
SELECT 'n' AS type, ${grantee('a')} FROM pg_namespace n, aclexplode(n.nspacl) a WHERE n.oid = ${here} AND a.grantee <> n.nspowner
UNION ALL
SELECT d.defaclobjtype::text, ${grantee('a')}
FROM pg_default_acl d, aclexplode(d.defaclacl) a
WHERE d.defaclnamespace = ${here} AND d.defaclobjtype IN ('r', 'S')
  AND d.defaclrole = (SELECT oid FROM pg_roles WHERE rolname = ${literal(owner)}) AND a.grantee <> d.defaclrole`);
  const may = await run(`
SELECT rolname::text AS name, has_schema_privilege(oid, ${here}, 'USAGE') AS uses, has_schema_privilege(oid, ${here}, 'CREATE') AS creates
FROM pg_roles WHERE rolname IN (${list(names)})`);
  const [open = {}] = await run(
    `SELECT count(*)::int > 0 AS all FROM pg_namespace n, aclexplode(n.nspacl) a
WHERE n.oid = ${here} AND a.grantee = 0 AND a.privilege_type = 'USAGE'`,
  );
  const known = new Set(may.map((row) => text(row.name)));
  const having = (column: string, rows: readonly Row[]): string[] =>
    rows.filter((row) => isTrue(row[column])).map((row) => text(row.name));
  // roles that do not exist yet
  const missing = isTrue(open.all) ? names.filter((name) => !known.has(name)) : [];
  const of = (type: string): Entry[] => entries.filter((row) => row.type === type).map(entryOf);
  return {
    grantable: isTrue(rights.grantable),
    entries: of('n'),
    users: new Set([...having('uses', may), ...missing]),
    creators: new Set(having('creates', may)),
    defaults: { r: of('r'), S: of('S') },
  };
}

/** Reads the functions of guarantees, with the roles that may not call them. */
export async function readFunctions(
  run: RunSql,
  schema: string,
  { roles, functions }: WantedRights,
): Promise<readonly FunctionState[]> {
  if (functions.length === 0) return [];
  const rows = await run(`
SELECT format('%I(%s)', p.proname, oidvectortypes(p.proargtypes)) AS signature,
  format('%I.%I(%s)', (SELECT nspname FROM pg_namespace WHERE oid = p.pronamespace), p.proname, oidvectortypes(p.proargtypes)) AS qualified,
  pg_get_userbyid(p.proowner)::text AS owner,
  p.prorettype = 'trigger'::regtype AS is_trigger, r.rolname::text AS role, '0' = ANY (may.roles) AS is_public,
  (SELECT json_agg(g.rolname::text ORDER BY g.rolname) FROM pg_roles g
   WHERE g.oid <> p.proowner AND g.oid::text = ANY (may.roles) AND p.prorettype = 'trigger'::regtype) AS callers
FROM pg_proc p
CROSS JOIN LATERAL (
  SELECT array_agg(a.grantee::text) AS roles FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
) may
LEFT JOIN pg_roles r ON r.rolname IN (${list([roles.app, roles.auditor])}) AND NOT r.rolsuper
  AND (NOT has_function_privilege(r.oid, p.oid, 'EXECUTE')
    OR '0' = ANY (may.roles) AND NOT r.oid::text = ANY (may.roles))
WHERE p.pronamespace = ${placeOf(schema)} AND p.proname IN (${list(functions)})
ORDER BY 1, 4`);
  const found = new Map<string, FunctionState & { readonly withoutExecute: string[] }>();
  for (const row of rows) {
    const signature = text(row.signature);
    const one = found.get(signature) ?? {
      signature,
      qualified: text(row.qualified),
      owner: text(row.owner),
      isTrigger: isTrue(row.is_trigger),
      isPublic: isTrue(row.is_public),
      withoutExecute: [],
      triggerCallers: (row.callers as readonly string[] | null) ?? [],
    };
    found.set(signature, one);
    if (row.role !== null) one.withoutExecute.push(text(row.role));
  }
  return [...found.values()];
}
