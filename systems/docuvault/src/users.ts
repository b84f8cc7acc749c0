import { type Database, parseInput } from 'ashlar';
import { z } from 'zod';
import { recordEvent } from './audit.js';
import { asConflict, notFound } from './errors.js';
import { checkPassword, currentCost, decoyHash, hashPassword, type PasswordCost } from './passwords.js';
import { revokeAllTokens } from './refresh-tokens.js';
import { type DocuvaultSession, defaultQuota, quotas, type tables, type User, users } from './tables.js';

/** An open database of this system. */
export type DocuvaultDatabase = Database<typeof tables>;

const folded = z.string().transform((text) => text.trim().toLowerCase());

const registration = users.insert.pick({ role: true }).extend({
  handle: folded,
  email: folded,
  password_hash: z.string(),
  limit_bytes: z.int().min(0).default(defaultQuota),
  ip_address: z.string().nullable().default(null),
});

/** The data of a user to register. `password_hash` is a result of `hashPassword`; `limit_bytes` is the quota. */
export type Registration = z.input<typeof registration>;

/**
 * Registers a user with a quota. Handle and email are trimmed and stored in lower case.
 *
 * @throws AshlarError `state-conflict` when the handle or the email is taken; `input-invalid`, `value-invalid`
 */
export async function registerUser(s: DocuvaultSession, input: Registration): Promise<User> {
  const { limit_bytes, ip_address, ...given } = parseInput('Invalid registration', registration, input);
  const user = await asConflict(
    s,
    { code: 'unique-violation', table: 'users' },
    'The handle or the email is already taken.',
    (inner) => inner.insert(users, given),
  );
  await s.insert(quotas, { user_id: user.id, limit_bytes });
  await recordEvent(s, {
    user_id: user.id,
    action: 'user.registered',
    resource_type: 'user',
    resource_id: user.id,
    ip_address,
    metadata: { handle: user.handle, limit_bytes },
  });
  return user;
}

/** The credentials of a login: a handle or an email address (`login`), and a password. */
export interface LoginAttempt {
  readonly login: string;
  readonly password: string;
  readonly ip_address?: string | null | undefined;
}

/**
 * Logs a user in: checks the password and returns the user, or `undefined` when the login is refused. Neither the
 * result nor its timing reveals whether the user exists or is active; `audit_log` records the login. A hash with a
 * lower cost than `cost` is replaced. The caller then issues a token with `issueToken`.
 *
 * The function takes the database instead of a session, because scrypt is slow and no transaction should wait for it.
 *
 * @returns the user; `undefined` when the login is refused
 */
export async function logIn(
  db: DocuvaultDatabase,
  { login, password, ip_address = null }: LoginAttempt,
  cost: PasswordCost = currentCost,
): Promise<User | undefined> {
  const name = login.trim().toLowerCase();
  const found = await db.read(async (s) => {
    const named = s.query.selectFrom('users').select('id');
    const key = await named
      .where((on) => on.or([on('handle', '=', name), on('email', '=', name)]))
      .executeTakeFirst();
    return key && s.get(users, key.id);
  });
  const { matches, outdated } = await checkPassword(found?.password_hash ?? decoyHash(cost), password, cost);
  const user = matches && found?.is_active ? found : undefined;
  const rehashed = user && outdated ? await hashPassword(password, cost) : undefined;
  return db.session({ actor: user ? `user:${user.id}` : null }, async (s) => {
    if (user && rehashed !== undefined) await replaceHash(s, user, rehashed);
    await recordEvent(s, {
      user_id: found?.id ?? null,
      action: user ? 'login.accepted' : 'login.refused',
      resource_type: 'user',
      resource_id: found?.id ?? null,
      ip_address,
    });
    return user;
  });
}

// only if the hash is the one that was checked: the password may have changed since
const replaceHash = (s: DocuvaultSession, { id, password_hash }: User, rehashed: string) =>
  s.query
    .updateTable('users')
    .set({ password_hash: rehashed })
    .where('id', '=', id)
    .where('password_hash', '=', password_hash)
    .execute();

/**
 * Sets a user's password and revokes all refresh tokens of the user.
 *
 * @throws AshlarError `row-not-found`
 */
export async function setPassword(
  s: DocuvaultSession,
  { user_id, password_hash }: { readonly user_id: string; readonly password_hash: string },
): Promise<void> {
  await s.update(users, user_id, { password_hash });
  await revokeAllTokens(s, user_id);
  await recordEvent(s, { user_id, action: 'password.set', resource_type: 'user', resource_id: user_id });
}

/**
 * Activates or deactivates a user. Deactivation revokes all refresh tokens of the user; the documents stay.
 *
 * @throws AshlarError `row-not-found`
 */
export async function setActive(
  s: DocuvaultSession,
  { user_id, is_active }: { readonly user_id: string; readonly is_active: boolean },
): Promise<User> {
  const user = await s.update(users, user_id, { is_active });
  if (!is_active) await revokeAllTokens(s, user_id);
  await recordEvent(s, {
    user_id,
    action: is_active ? 'user.activated' : 'user.deactivated',
    resource_type: 'user',
    resource_id: user_id,
  });
  return user;
}

/**
 * Returns the id and the handle of a user if the user is active; throws otherwise.
 *
 * @throws AshlarError `row-not-found`
 */
export async function activeUser(s: DocuvaultSession, user_id: string): Promise<Pick<User, 'id' | 'handle'>> {
  const user = await s.query
    .selectFrom('users')
    .select(['id', 'handle'])
    .where('id', '=', user_id)
    .where('is_active', '=', true)
    .executeTakeFirst();
  if (!user) throw notFound('user');
  return user;
}
