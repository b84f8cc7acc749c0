import { recordEvent } from './audit.js';
import { notThere } from './refusals.js';
import { type CloudConnection, cloudConnections, type DocuvaultSession } from './tables.js';

/** What opens an account: whatever its provider wants, as JSON. */
export type Credentials = CloudConnection['credentials_enc'];

/** A connection without what opens it. */
export type CloudAccount = Omit<CloudConnection, 'credentials_enc'>;

/** Which connection, and whose it must be. */
export interface ConnectionOf {
  readonly user_id: string;
  readonly connection_id: string;
}

/**
 * Connects a user's account with another cloud. The credentials never reach the database but encrypted, under the user's
 * own key.
 *
 * @throws AshlarError `foreign-key-violation` for an unknown user; `value-invalid`; `key-missing` without COLUMN_KEY
 */
export const connectCloud = async (
  s: DocuvaultSession,
  account: {
    readonly user_id: string;
    readonly provider: string;
    readonly display_name: string;
    readonly credentials: Credentials;
  },
): Promise<CloudAccount> => {
  const { credentials, ...given } = account;
  const { credentials_enc: _, ...made } = await s.insert(cloudConnections, {
    ...given,
    credentials_enc: credentials,
  });
  await record(s, 'cloud.connected', made);
  return made;
};

/** Puts other credentials in the place of a connection's. @throws AshlarError `row-not-found` */
export const renewCredentials = async (
  s: DocuvaultSession,
  { credentials, ...of }: ConnectionOf & { readonly credentials: Credentials },
): Promise<void> => {
  const connection = await requireConnection(s, of);
  await s.update(cloudConnections, connection.id, { credentials_enc: credentials });
  await record(s, 'cloud.renewed', connection);
};

/** What opens a user's account: for the one call that needs it. @throws AshlarError `row-not-found`, `scope-shredded` */
export const cloudCredentials = async (s: DocuvaultSession, of: ConnectionOf): Promise<Credentials> =>
  (await requireConnection(s, of)).credentials_enc;

/** A user's accounts with other clouds, by name. */
export const listConnections = (s: DocuvaultSession, user_id: string): Promise<CloudAccount[]> =>
  s.query
    .selectFrom('cloud_connections')
    .select(['id', 'user_id', 'provider', 'display_name', 'created_at', 'updated_at'])
    .where('user_id', '=', user_id)
    .orderBy('display_name')
    .orderBy('id')
    .execute();

/** Forgets an account. @throws AshlarError `row-not-found` */
export const disconnectCloud = async (s: DocuvaultSession, of: ConnectionOf): Promise<void> => {
  const connection = await requireConnection(s, of);
  await s.delete(cloudConnections, connection.id);
  await record(s, 'cloud.disconnected', connection);
};

const requireConnection = async (
  s: DocuvaultSession,
  { user_id, connection_id }: ConnectionOf,
): Promise<CloudConnection> => {
  const connection = await s.get(cloudConnections, connection_id);
  if (!connection || connection.user_id !== user_id) throw notThere('connection');
  return connection;
};

const record = (s: DocuvaultSession, action: string, { id, user_id, provider }: CloudAccount) =>
  recordEvent(s, {
    user_id,
    action,
    resource_type: 'cloud_connection',
    resource_id: id,
    metadata: { provider },
  });
