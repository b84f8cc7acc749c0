import { type DocuvaultSession, type User, users } from './tables.js';
import { forgiveAttempt, type Subject } from './throttle.js';
import { acceptCode } from './totp-codes.js';

/** Returns the id of the user who has a name, a handle or an email address. */
export async function userNamed(s: DocuvaultSession, name: string): Promise<string | undefined> {
  const found = await s.query
    .selectFrom('users')
    .select('id')
    .where((on) => on.or([on('handle', '=', name), on('email', '=', name)]))
    .executeTakeFirst();
  return found?.id;
}

/** What is needed to check a password: the secret of TOTP is decrypted only when a code is checked. */
type Checked = Pick<User, 'id' | 'password_hash'>;

/** Returns the stored hash of a user's password. */
export function storedHash(s: DocuvaultSession, id: string): Promise<Checked | undefined> {
  return s.query.selectFrom('users').select(['id', 'password_hash']).where('id', '=', id).executeTakeFirst();
}

/** What came of an attempt: its user, locked, or why it is refused. */
export type Attempt =
  | { readonly user: User; readonly reason?: undefined }
  | { readonly user?: undefined; readonly reason: 'refused' | 'code-required' };

/**
 * Completes an attempt that was counted and whose password was checked: locks the user, checks the code if TOTP is on, and
 * takes the count back unless the attempt failed. A missing code is no failure.
 *
 * @param checked - the user with the hash that matched; `undefined` if none did
 */
export async function completeAttempt(
  s: DocuvaultSession,
  checked: Checked | undefined,
  { code, subjects }: { readonly code: string | undefined; readonly subjects: readonly Subject[] },
): Promise<Attempt> {
  const user = checked && (await lockChecked(s, checked));
  if (user?.totp_enabled && code === undefined) {
    await forgiveAttempt(s, subjects, { succeeded: false });
    return { reason: 'code-required' };
  }
  if (!user || (user.totp_enabled && !(await acceptCode(s, user, code ?? '')))) return { reason: 'refused' };
  await forgiveAttempt(s, subjects, { succeeded: true });
  return { user };
}

// undefined unless the user is active and the hash still the one that was checked
const lockChecked = async (
  s: DocuvaultSession,
  { id, password_hash }: Checked,
): Promise<User | undefined> => {
  const locked = await s.query
    .selectFrom('users')
    .select(['is_active', 'password_hash'])
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (!locked?.is_active || locked.password_hash !== password_hash) return undefined;
  return s.get(users, id);
};
