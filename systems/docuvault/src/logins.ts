import { recordEvent } from './audit.js';
import { normaliseEmail } from './email.js';
import { checkPassword, currentCost, decoyHash, hashPassword, type PasswordCost } from './passwords.js';
import { type IssuedToken, issueToken } from './refresh-tokens.js';
import { type DocuvaultSession, type User, users } from './tables.js';
import { countAttempt, forgiveAttempt, subjectsOf } from './throttle.js';
import { acceptCode } from './totp.js';
import { type Account, accountOf, type DocuvaultDatabase } from './users.js';

/**
 * The credentials of a login: a handle or an email address (`login`), a password, and the TOTP code of a user who has
 * TOTP on.
 */
export interface LoginAttempt {
  readonly login: string;
  readonly password: string;
  readonly code?: string | undefined;
  readonly ip_address?: string | null | undefined;
}

/** Options of {@link logIn}. */
export interface LoginOptions {
  /** The cost of new password hashes. */
  readonly cost?: PasswordCost | undefined;
  /** After how many days without use the login ends. Default: the setting REFRESH_TOKEN_DAYS. */
  readonly days?: number | undefined;
}

/**
 * The result of {@link logIn}: the login with its user and its first refresh token, or why there is none. `code-required`:
 * the password is right, and the user has TOTP on. `throttled`: too many attempts have failed.
 */
export type LoginResult =
  | ({ readonly ok: true; readonly user: Account } & IssuedToken)
  | { readonly ok: false; readonly reason: 'refused' | 'code-required' }
  | { readonly ok: false; readonly reason: 'throttled'; readonly retry_after_seconds: number };

/**
 * Logs a user in: checks the password and, if the user has TOTP on, the code. Services are then called with the
 * `login_id` of the result. Neither a refusal nor its timing reveals whether the user exists or is active. `audit_log`
 * records the login. A hash with a lower cost than `cost` is replaced.
 *
 * Attempts are throttled by name and by IP address: after five failures of a name an attempt must wait, up to 15 minutes.
 * The counts are in the database.
 *
 * The function takes the database instead of a session, because scrypt is slow and no transaction should wait for it.
 *
 * @throws AshlarError `settings-invalid`
 */
export async function logIn(
  db: DocuvaultDatabase,
  { login, password, code, ip_address = null }: LoginAttempt,
  { cost = currentCost, days }: LoginOptions = {},
): Promise<LoginResult> {
  const name = normaliseEmail(login);
  const subjects = subjectsOf(name, ip_address);
  const wait = await db.session((s) => countAttempt(s, subjects));
  if (wait > 0) return { ok: false, reason: 'throttled', retry_after_seconds: wait };

  const found = await db.read((s) => userNamed(s, name));
  const { matches, outdated } = await checkPassword(found?.password_hash ?? decoyHash(cost), password, cost);
  const rehashed = matches && outdated ? await hashPassword(password, cost) : undefined;

  return db.session({ actor: matches && found ? `user:${found.id}` : null }, async (s) => {
    const event = (action: string) =>
      recordEvent(s, {
        user_id: found?.id ?? null,
        action,
        resource_type: 'user',
        resource_id: found?.id ?? null,
        ip_address,
      });
    const user = matches && found ? await lockUser(s, found) : undefined;
    if (user?.totp_enabled && code === undefined) {
      await forgiveAttempt(s, subjects, { succeeded: false });
      await event('login.code-required');
      return { ok: false, reason: 'code-required' };
    }
    if (!user || (user.totp_enabled && !(await acceptCode(s, user, code ?? '')))) {
      await event('login.refused');
      return { ok: false, reason: 'refused' };
    }
    await forgiveAttempt(s, subjects, { succeeded: true });
    if (rehashed !== undefined) await s.update(users, user.id, { password_hash: rehashed });
    await event('login.accepted');
    const issued = await issueToken(s, user.id, { days, ip_address, second_factor: user.totp_enabled });
    return { ok: true, user: accountOf(user), ...issued };
  });
}

const userNamed = async (s: DocuvaultSession, name: string): Promise<User | undefined> => {
  const found = await s.query
    .selectFrom('users')
    .select('id')
    .where((on) => on.or([on('handle', '=', name), on('email', '=', name)]))
    .executeTakeFirst();
  return found && s.get(users, found.id);
};

/** The user, locked, if active and if the hash is still the one that was checked. */
const lockUser = async (s: DocuvaultSession, { id, password_hash }: User): Promise<User | undefined> => {
  await s.query.selectFrom('users').select('id').where('id', '=', id).forNoKeyUpdate().execute();
  const user = await s.get(users, id);
  return user?.is_active && user.password_hash === password_hash ? user : undefined;
};
