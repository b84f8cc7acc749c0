import type { OpenOptions } from '../../../contract/open-options.js';
import type { ConnectedRole } from '../../../contract/roles.js';
import { identifier, literal } from '../../../model/index.js';
import type { Channel, Request } from '../wire/channel.js';

/** The name of the application's role where no other is chosen. */
export const defaultAppRole = 'ashlar_app';

/** The privilege of becoming a role. Before PostgreSQL 16 every member could. */
export const maySet = `CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END`;

/** The table of applied steps in this schema. */
const historyTable = `SELECT c.oid, c.relowner
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = current_schema() AND c.relname = 'ashlar_migrations' AND c.relkind = 'r'`;

// where the app may read the history, an up has granted here; that a role exists says nothing, roles are the server's
const connectedRoleSql = (app: string): string => `
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
  current_setting('server_version'), current_setting('server_version_num')
FROM pg_roles u WHERE u.rolname = session_user`;

/** A standing, and the server's version. */
export interface Look {
  readonly connectedRole: ConnectedRole;
  readonly version: string;
  readonly versionNumber: number;
}

/** Looks at who the user of a connection is here. One round trip. */
export async function look(channel: Channel, options: OpenOptions): Promise<Look> {
  const app = options.appRole ?? defaultAppRole;
  const { rows } = await channel.send({ text: `WITH history AS (${historyTable}) ${connectedRoleSql(app)}` });
  const [user, canChangeSchema, initialised, maySetApp, owner, version, number] = rows[0] ?? [];
  const strong = canChangeSchema === 't';
  return {
    connectedRole: Object.freeze({
      user: user ?? '',
      canChangeSchema: strong,
      initialised: initialised === 't',
      owner: owner ?? undefined,
      sessionRole: strong && maySetApp === 't' && !options.allowOwner ? app : undefined,
    }),
    version: (version ?? '').replace(/ .*$/, ''),
    versionNumber: Number(number),
  };
}

/** What makes a connection act as a role, or as its user, until told otherwise. */
export function becoming(role: string | null): Request {
  return {
    text: `SET ROLE ${role === null ? 'NONE' : identifier(role)}`,
  };
}

/** Lets a transaction act as the owner of what is there where its user may, else as its user. */
export const becomingOwner = `SET LOCAL ROLE NONE; SELECT set_config('role', pg_get_userbyid(h.relowner)::text, true)
FROM (${historyTable}) h, pg_roles u
WHERE u.rolname = session_user AND h.relowner <> u.oid AND pg_has_role(u.oid, h.relowner, ${maySet})`;

/** Lets a connection for changes of the schema act as the owner of what is there, where its user may. */
export async function becomeOwner(channel: Channel): Promise<void> {
  const { rows } = await channel.send({
    text: `SELECT pg_get_userbyid(h.relowner)::text FROM (${historyTable}) h, pg_roles u
WHERE u.rolname = session_user AND h.relowner <> u.oid AND pg_has_role(u.oid, h.relowner, ${maySet})`,
  });
  const owner = rows[0]?.[0];
  if (owner) await channel.send(becoming(owner));
}
