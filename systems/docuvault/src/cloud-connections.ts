import { recordEvent } from './audit.js';
import { notFound } from './errors.js';
import { type CloudConnection, cloudConnections, type DocuvaultSession } from './tables.js';

/** The credentials of a cloud account, as the JSON object that its provider requires. */
export type Credentials = CloudConnection['credentials_enc'];

/** A connection to a cloud account, without its credentials. */
export type CloudAccount = Omit<CloudConnection, 'credentials_enc'>;

/** The ids of a cloud connection and of the user who must own it. */
export interface ConnectionRef {
  readonly user_id: string;
  readonly connection_id: string;
}

/**
 * Stores a user's connection to a cloud account. The database receives the credentials only encrypted, with the user's
 * key.
 *
 * @throws AshlarError `foreign-key-violation` for an unknown user; `value-invalid`; `key-missing` without COLUMN_KEY
 */
export async function connectCloud(
  s: DocuvaultSession,
  account: {
    readonly user_id: string;
    readonly provider: string;
    readonly display_name: string;
    readonly credentials: Credentials;
  },
): Promise<CloudAccount> {
  const { credentials, ...given } = account;
  const { credentials_enc: _, ...connection } = await s.insert(cloudConnections, {
    ...given,
    credentials_enc: credentials,
  });
  await record(s, 'cloud.connected', connection);
  return connection;
}

/**
 * Replaces the credentials of a user's connection to a cloud account.
 *
 * @throws AshlarError `row-not-found`, `scope-shredded`
 */
export async function renewCredentials(
  s: DocuvaultSession,
  { credentials, ...of }: ConnectionRef & { readonly credentials: Credentials },
): Promise<void> {
  const connection = await requireConnection(s, of);
  await s.update(cloudConnections, connection.id, { credentials_enc: credentials });
  await record(s, 'cloud.renewed', connection);
}

/**
 * Returns the decrypted credentials of a user's connection to a cloud account.
 *
 * @throws AshlarError `row-not-found`, `scope-shredded`
 */
export async function cloudCredentials(s: DocuvaultSession, of: ConnectionRef): Promise<Credentials> {
  return (await requireConnection(s, of)).credentials_enc;
}

/** Lists a user's connections to cloud accounts, without their credentials, sorted by display name. */
export function listConnections(s: DocuvaultSession, user_id: string): Promise<CloudAccount[]> {
  return s.query
    .selectFrom('cloud_connections')
    .select(['id', 'user_id', 'provider', 'display_name', 'created_at', 'updated_at'])
    .where('user_id', '=', user_id)
    .orderBy('display_name')
    .orderBy('id')
    .execute();
}

/**
 * Deletes a user's connection to a cloud account, with its credentials.
 *
 * @throws AshlarError `row-not-found`, `scope-shredded`
 */
export async function disconnectCloud(s: DocuvaultSession, of: ConnectionRef): Promise<void> {
  const connection = await requireConnection(s, of);
  await s.delete(cloudConnections, connection.id);
  await record(s, 'cloud.disconnected', connection);
}

const requireConnection = async (
  s: DocuvaultSession,
  { user_id, connection_id }: ConnectionRef,
): Promise<CloudConnection> => {
  const connection = await s.get(cloudConnections, connection_id);
  if (!connection || connection.user_id !== user_id) throw notFound('connection');
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
