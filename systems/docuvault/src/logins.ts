import { parseInput } from 'ashlar';
import { z } from 'zod';
import { type Account, accountOf } from './account.js';
import { recordEvent } from './audit.js';
import { completeAttempt, storedHash, userNamed } from './checked-user.js';
import { normaliseEmail } from './email.js';
import { ipAddress, shortText } from './inputs.js';
import { checkPassword, currentCost, decoyHash, hashPassword, type PasswordCost } from './passwords.js';
import { type IssuedToken, issueToken, tokenOptionsOf } from './refresh-tokens.js';
import { type DocuvaultDatabase, users } from './tables.js';
import { countAttempt, subjectsOf } from './throttle.js';

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

const attempt = z.object({
  login: shortText,
  password: shortText,
  code: shortText.optional(),
  ip_address: ipAddress,
});

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
 * `login_token` of the result. Neither a refusal nor its timing reveals whether the user exists or is active. `audit_log`
 * records the login. A hash with a lower cost than `cost` is replaced.
 *
 * Attempts are throttled by name and by IP address: after five failures of a name an attempt must wait, up to 15 minutes.
 * The counts are in the database.
 *
 * The function takes the database instead of a session, because scrypt is slow and no transaction should wait for it.
 *
 * @throws AshlarError `input-invalid`, for instance for an IP address that is none, before the attempt is counted;
 *   `settings-invalid`
 */
export async function logIn(
  db: DocuvaultDatabase,
  given: LoginAttempt,
  { cost = currentCost, days: givenDays }: LoginOptions = {},
): Promise<LoginResult> {
  const { login, password, code, ip_address } = parseInput('Invalid login', attempt, given);
  const { days } = tokenOptionsOf({ days: givenDays });
  const name = normaliseEmail(login);
  const named = await db.read((s) => userNamed(s, name));
  const subjects = subjectsOf(named === undefined ? { name } : { user_id: named }, ip_address);
  const wait = await db.session((s) => countAttempt(s, subjects));
  if (wait > 0) return { ok: false, reason: 'throttled', retry_after_seconds: wait };

  const found = named === undefined ? undefined : await db.read((s) => storedHash(s, named));
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
    const { user, reason } = await completeAttempt(s, matches ? found : undefined, { code, subjects });
    if (user === undefined) {
      await event(`login.${reason}`);
      return { ok: false, reason };
    }
    if (rehashed !== undefined) await s.update(users, user.id, { password_hash: rehashed });
    await event('login.accepted');
    const issued = await issueToken(s, user.id, { days, ip_address, second_factor: user.totp_enabled });
    return { ok: true, user: accountOf(user), ...issued };
  });
}
