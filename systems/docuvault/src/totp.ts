import { randomBytes } from 'node:crypto';
import { AshlarError } from 'ashlar';
import { recordEvent } from './audit.js';
import { type Confirmation, confirmCaller } from './confirm.js';
import { notFound } from './errors.js';
import { type AboutUser, type LoginRef, requireLogin, requireSelfOrAdmin } from './guard.js';
import { endLogins } from './refresh-tokens.js';
import { type DocuvaultDatabase, type DocuvaultSession, users } from './tables.js';
import { acceptCode, toBase32 } from './totp-codes.js';

/**
 * Creates a TOTP secret for the caller. TOTP is on when the first code is confirmed.
 *
 * @returns the secret in base32, to be shown to the user once; the database stores it encrypted, and no service returns
 *   it again
 * @throws AshlarError `login-required`; `state-conflict` when TOTP is already on; `key-missing` without COLUMN_KEY
 */
export async function enrolTotp(s: DocuvaultSession, login: LoginRef): Promise<string> {
  const { user_id } = await requireLogin(s, login);
  const user = await s.get(users, user_id);
  if (!user) throw notFound('user');
  if (user.totp_enabled) {
    throw new AshlarError('state-conflict', {
      message: 'TOTP is already on for this user.',
      suggestion: 'Call disableTotp first.',
    });
  }
  const totp_secret = toBase32(randomBytes(20));
  await s.update(users, user_id, { totp_secret });
  return totp_secret;
}

/**
 * Checks the first TOTP code that the caller has entered, and turns TOTP on. From then on a login needs a code, and the
 * other logins of the user end: no code was checked in them.
 *
 * @returns whether the code is right; nothing changes when it is not
 * @throws AshlarError `login-required`
 */
export async function confirmTotp(
  s: DocuvaultSession,
  { code, ...login }: LoginRef & { readonly code: string },
): Promise<boolean> {
  const { user_id, family_id } = await requireLogin(s, login);
  // this lock serialises concurrent uses of one code: the second use finds it already accepted
  await s.query.selectFrom('users').select('id').where('id', '=', user_id).forNoKeyUpdate().execute();
  const user = await s.get(users, user_id);
  if (!user || !(await acceptCode(s, user, code))) return false;
  if (!user.totp_enabled) {
    await s.update(users, user_id, { totp_enabled: true });
    await endLogins(s, user_id, family_id);
    await record(s, user_id, 'totp.enabled', {});
  }
  await s.query
    .updateTable('refresh_tokens')
    .set({ second_factor: true })
    .where('family_id', '=', family_id)
    .execute();
  return true;
}

/**
 * Turns TOTP off and deletes the secret, for the user or an administrator. All logins of the user end but that of the caller:
 * one of them may be that of a lost device. The user gives the password again, and a code.
 *
 * @throws AshlarError `login-required`, `access-denied`; `confirmation-refused`; `row-not-found`; `usage` inside a session
 */
export async function disableTotp(
  db: DocuvaultDatabase,
  { login_token, user_id: given, password, code }: AboutUser & Confirmation,
): Promise<void> {
  const about = { login_token, user_id: given };
  await confirmCaller(db, about, { password, code });
  await db.session(async (s) => {
    const { caller, user_id } = await requireSelfOrAdmin(s, about);
    await s.update(users, user_id, { totp_secret: null, totp_enabled: false });
    await endLogins(s, user_id, caller.family_id);
    await record(s, user_id, 'totp.disabled', { by: caller.user_id });
  });
}

const record = (
  s: DocuvaultSession,
  user_id: string,
  action: string,
  metadata: Record<string, string | number>,
) => recordEvent(s, { user_id, action, resource_type: 'user', resource_id: user_id, metadata });
