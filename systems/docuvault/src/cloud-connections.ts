import { parseInput } from 'ashlar';
import type { Page } from 'ashlar/query';
import { recordEvent } from './audit.js';
import { notFound } from './errors.js';
import { type LoginRef, requireLogin } from './guard.js';
import { credentialsInput } from './inputs.js';
import { type ListOptions, pageOf } from './paging.js';
import { type CloudConnection, cloudConnections, type DocuvaultSession } from './tables.js';

/** The credentials of a cloud account, as the JSON object that its provider requires. */
export type Credentials = CloudConnection['credentials_enc'];

/** A connection to a cloud account, without its credentials. */
export type CloudAccount = Omit<CloudConnection, 'credentials_enc'>;

/** The login in which a service is called, and a cloud connection of its user. */
export interface ConnectionRef extends LoginRef {
  readonly connection_id: string;
}

/**
 * Stores the caller's connection to a cloud account. The database receives the credentials only encrypted, with the
 * user's key.
 *
 * @throws AshlarError `login-required`; `input-invalid`, also for more than 64 KiB; `value-invalid`; `key-missing` without COLUMN_KEY
 */
export async function connectCloud(
  s: DocuvaultSession,
  account: LoginRef & {
    readonly provider: string;
    readonly display_name: string;
    readonly credentials: Credentials;
  },
): Promise<CloudAccount> {
  const { login_token, provider, display_name } = account;
  const { user_id } = await requireLogin(s, { login_token });
  const { credentials_enc: _, ...connection } = await s.insert(cloudConnections, {
    provider,
    display_name,
    user_id,
    credentials_enc: credentialsOf(account.credentials),
  });
  await record(s, 'cloud.connected', connection);
  return connection;
}

/**
 * Replaces the credentials of the caller's connection to a cloud account.
 *
 * @throws AshlarError `login-required`, `row-not-found`, `scope-shredded`
 */
export async function renewCredentials(
  s: DocuvaultSession,
  { credentials, ...of }: ConnectionRef & { readonly credentials: Credentials },
): Promise<void> {
  const connection = await requireConnection(s, of);
  await s.update(cloudConnections, connection.id, { credentials_enc: credentialsOf(credentials) });
  await record(s, 'cloud.renewed', connection);
}

/**
 * Returns the decrypted credentials of the caller's connection to a cloud account.
 *
 * @throws AshlarError `login-required`, `row-not-found`, `scope-shredded`
 */
export async function cloudCredentials(s: DocuvaultSession, of: ConnectionRef): Promise<Credentials> {
  return (await requireConnection(s, of)).credentials_enc;
}

/**
 * Lists the caller's connections to cloud accounts, without their credentials, sorted by display name.
 *
 * @throws AshlarError `login-required`; `input-invalid`
 */
export async function listConnections(
  s: DocuvaultSession,
  { login_token, ...options }: LoginRef & ListOptions,
): Promise<Page<CloudAccount>> {
  const { user_id } = await requireLogin(s, { login_token });
  const own = s.query
    .selectFrom('cloud_connections')
    .select(['id', 'user_id', 'provider', 'display_name', 'created_at', 'updated_at'])
    .where('user_id', '=', user_id);
  return pageOf(s, own, ['display_name', 'id'], options);
}

/**
 * Deletes the caller's connection to a cloud account, with its credentials.
 *
 * @throws AshlarError `login-required`, `row-not-found`, `scope-shredded`
 */
export async function disconnectCloud(s: DocuvaultSession, of: ConnectionRef): Promise<void> {
  const connection = await requireConnection(s, of);
  await s.delete(cloudConnections, connection.id);
  await record(s, 'cloud.disconnected', connection);
}

const credentialsOf = (given: Credentials): Credentials =>
  parseInput('Invalid credentials', credentialsInput, given);

const requireConnection = async (
  s: DocuvaultSession,
  { connection_id, ...login }: ConnectionRef,
): Promise<CloudConnection> => {
  const { user_id } = await requireLogin(s, login);
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
