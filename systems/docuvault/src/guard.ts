import { createHash } from 'node:crypto';
import { AshlarError } from 'ashlar';
import type { DocuvaultSession, User } from './tables.js';

/**
 * The login in which a service is called: `login_token` as `logIn` and `rotateToken` return it. It is a secret, of which the
 * database has only the hash. It ends when its refresh token is exchanged, which issues the next one.
 */
export interface LoginRef {
  readonly login_token: string;
}

/** The user of a login, and the id of the login, which is no secret. */
export interface Caller {
  readonly user_id: string;
  readonly family_id: string;
  readonly role: User['role'];
}

/**
 * Returns the user of a login; throws unless the login is valid, the user is active, a TOTP code was checked if the user
 * has TOTP on, and the user has the needed role. Every service calls this function first.
 *
 * In a session that writes, the user is locked until it ends: a deactivation that comes later waits for the service, and a
 * service that comes later is refused.
 *
 * @param needed - the role: `admin` for what only an administrator may do
 * @throws AshlarError `login-required`, with one text for all reasons; `access-denied` when the role is missing
 */
export async function requireLogin(
  s: DocuvaultSession,
  { login_token }: LoginRef,
  needed: User['role'] = 'user',
): Promise<Caller> {
  const login = typeof login_token === 'string' ? await validLogin(s, login_token) : undefined;
  if (!login?.is_active || (login.totp_enabled && !login.second_factor)) throw loginRequired();
  const { user_id, family_id, role } = login;
  if (needed === 'admin' && role !== 'admin') throw onlyAdmin();
  return { user_id, family_id, role };
}

/** The login in which a service is called, and the user whom it is about: by default the caller. */
export type AboutUser = LoginRef & { readonly user_id?: string | undefined };

/**
 * Returns the id of the user whom a service is about. Users may name themselves, and administrators any user.
 *
 * @throws AshlarError `login-required`; `access-denied` when a user names another one
 */
export async function requireSelfOrAdmin(
  s: DocuvaultSession,
  { login_token, user_id }: AboutUser,
): Promise<{ readonly caller: Caller; readonly user_id: string }> {
  const caller = await requireLogin(s, { login_token });
  if (user_id !== undefined && user_id !== caller.user_id && caller.role !== 'admin') throw onlyAdmin();
  return { caller, user_id: user_id ?? caller.user_id };
}

/** Returns the SHA-256 hash in which a random secret is stored (FIPS 180-4), in lower-case hex. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

const validLogin = async (s: DocuvaultSession, login_token: string) => {
  const tokens = s.query
    .selectFrom('refresh_tokens')
    .where('login_hash', '=', hashOf(login_token))
    .where('revoked', '=', false)
    .where('expires_at', '>', s.now());
  if (!s.readOnly) {
    const user = s.query.selectFrom('users').select('id').where('id', 'in', tokens.select('user_id'));
    await user.forShare().execute();
  }
  // read after the lock was taken: a deactivation may have committed before
  return tokens
    .innerJoin('users', 'users.id', 'refresh_tokens.user_id')
    .select(['users.id as user_id', 'family_id', 'role', 'is_active', 'totp_enabled', 'second_factor'])
    .limit(1)
    .executeTakeFirst();
};

const loginRequired = (): AshlarError =>
  new AshlarError('login-required', {
    message: 'The login is not valid.',
    detail:
      'It is unknown or has ended, its user is deactivated, or the user has TOTP on and no code was checked in it.',
    suggestion: 'Log in again, with the code if TOTP is on.',
  });

const onlyAdmin = (): AshlarError =>
  new AshlarError('access-denied', {
    message: 'Only an administrator may perform this operation.',
    suggestion: 'Ask an administrator to perform it.',
  });
