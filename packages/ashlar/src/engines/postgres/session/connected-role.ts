import type { OpenOptions } from '../../../contract/open-options.js';
import type { ConnectedRole } from '../../../contract/roles.js';
import { identifier, literal } from '../../../model/index.js';
import { contextKeys } from '../schema/context.js';
import type { Channel, Request } from '../wire/channel.js';
import { maySet } from './may-set.js';

/** The default name of the application's role. */
export const defaultAppRole = 'ashlar_app';

/** SQL that finds the table of applied steps in the current schema. */
const historyTable = `SELECT c.oid, c.relowner
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = current_schema() AND c.relname = 'ashlar_migrations' AND c.relkind = 'r'`;

/** The first number that PostgreSQL gives to an object that is not its own (FirstNormalObjectId). */
const firstOwnObject = 16_384;

const isNoMember = (catalogue: string, oid: string): string =>
  `NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = '${catalogue}'::regclass AND d.objid = ${oid} AND d.deptype = 'e')`;

// `up` has granted rights in this schema if the role may read the history; that a role exists proves nothing, because
// roles belong to the whole server
const connectedRoleSql = (app: string): string => `
, keys AS (
  SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = current_schema() AND c.relname = '${contextKeys}' AND c.relkind = 'r'
)
SELECT session_user::text,
  u.rolsuper OR coalesce(has_schema_privilege(u.oid, current_schema(), 'CREATE'), false)
    OR EXISTS (SELECT FROM history h WHERE pg_has_role(u.oid, h.relowner, 'MEMBER')),
  EXISTS (SELECT FROM history),
  EXISTS (
    SELECT FROM pg_roles a, history h
    WHERE a.rolname = ${literal(app)} AND a.oid <> u.oid AND pg_has_role(u.oid, a.oid, ${maySet})
      AND has_table_privilege(a.oid, h.oid, 'SELECT')
  ),
  (SELECT pg_get_userbyid(relowner)::text FROM history),
  current_setting('server_version'), current_setting('server_version_num'),
  (SELECT has_any_column_privilege(u.oid, k.oid, 'SELECT') FROM keys k),
  (SELECT has_any_column_privilege(a.oid, k.oid, 'SELECT') FROM keys k, pg_roles a WHERE a.rolname = ${literal(app)}),
  EXISTS (
    SELECT FROM pg_operator o
    WHERE o.oid >= ${firstOwnObject} AND o.oprnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
      AND ${isNoMember('pg_operator', 'o.oid')}
    UNION ALL
    SELECT FROM pg_cast c WHERE c.oid >= ${firstOwnObject} AND c.castfunc <> 0 AND ${isNoMember('pg_cast', 'c.oid')}
  )
FROM pg_roles u WHERE u.rolname = session_user`;

/** The connected role and the version of the server. */
export interface ConnectionFacts {
  readonly connectedRole: ConnectedRole;
  readonly version: string;
  readonly versionNumber: number;
  /** Whether statements find operators or casts that someone wrote, not an extension: they may call any function. */
  readonly operatorsCall: boolean;
}

/** Reads the connected role and the version of the server, in one round trip. */
export async function readConnectionFacts(channel: Channel, options: OpenOptions): Promise<ConnectionFacts> {
  const app = options.appRole ?? defaultAppRole;
  const { rows } = await channel.send({ text: `WITH history AS (${historyTable}) ${connectedRoleSql(app)}` });
  const [user, canChangeSchema, initialised, maySetApp, owner, version, number, reads, appReads, calls] =
    rows[0] ?? [];
  const strong = canChangeSchema === 't';
  const sessionRole = strong && maySetApp === 't' && !options.allowOwner ? app : undefined;
  return {
    connectedRole: Object.freeze({
      user: user ?? '',
      canChangeSchema: strong,
      initialised: initialised === 't',
      owner: owner ?? undefined,
      sessionRole,
      readsKeys: sessionRole === undefined ? !strong && reads === 't' : appReads === 't',
    }),
    version: (version ?? '').replace(/ .*$/, ''),
    versionNumber: Number(number),
    operatorsCall: calls === 't',
  };
}

/** Returns the statement that sets the role that a connection acts as; `null` stands for the connected user itself. */
export function setRole(role: string | null): Request {
  return {
    text: `SET ROLE ${role === null ? 'NONE' : identifier(role)}`,
  };
}

/**
 * The SQL that makes a transaction act as the schema's owner if the connected user may do so, and otherwise as the
 * connected user.
 */
export const setLocalOwnerRole: readonly string[] = [
  'SET LOCAL ROLE NONE',
  `SELECT set_config('role', pg_get_userbyid(h.relowner)::text, true)
FROM (${historyTable}) h, pg_roles u
WHERE u.rolname = session_user AND h.relowner <> u.oid AND pg_has_role(u.oid, h.relowner, ${maySet})`,
];

/**
 * Makes a connection act as the schema's owner if the connected user may do so, so that new objects belong to the
 * owner.
 */
export async function actAsOwner(channel: Channel): Promise<void> {
  const { rows } = await channel.send({
    text: `SELECT pg_get_userbyid(h.relowner)::text FROM (${historyTable}) h, pg_roles u
WHERE u.rolname = session_user AND h.relowner <> u.oid AND pg_has_role(u.oid, h.relowner, ${maySet})`,
  });
  const owner = rows[0]?.[0];
  if (owner) await channel.send(setRole(owner));
}
