import { type Database, parseInput } from 'ashlar';
import { z } from 'zod';
import { recordEvent } from './audit.js';
import { checkPassword, currentCost, hashPassword, nobodysHash, type PasswordCost } from './passwords.js';
import { revokeAllTokens } from './refresh-tokens.js';
import { notThere, refusedAs } from './refusals.js';
import { type DocuvaultSession, defaultQuota, quotas, type tables, type User, users } from './tables.js';

/** An open database of this system. */
export type DocuvaultDatabase = Database<typeof tables>;

const folded = z.string().transform((text) => text.trim().toLowerCase());

const registration = z.strictObject({
  handle: folded,
  email: folded,
  password_hash: z.string(),
  role: z.enum(['user', 'admin']).default('user'),
  limit_bytes: z.int().min(0).default(defaultQuota),
  ip_address: z.string().nullable().default(null),
});

/** Who registers; `password_hash` is what `hashPassword` gave. */
export type Registration = z.input<typeof registration>;

/**
 * Registers a user with a quota. Handle and email are kept in lower case.
 *
 * @throws AshlarError `state-conflict` when the handle or the address is taken; `input-invalid`, `value-invalid`
 */
export const registerUser = async (s: DocuvaultSession, input: Registration): Promise<User> => {
  const { limit_bytes, ip_address, ...given } = parseInput('The registration', registration, input);
  const user = await refusedAs(s, ['unique-violation'], 'The handle or the address is taken.', (inner) =>
    inner.insert(users, given),
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
};

/** Who wants in: `login` is a handle or an address. */
export interface LoginAttempt {
  readonly login: string;
  readonly password: string;
  readonly ip_address?: string | null | undefined;
}

/**
 * Checks a password. Neither the answer nor the time it takes tells whether there is such a user, or whether he is
 * active; the audit log does. Where hashes cost more by now than his did, his is made anew.
 *
 * It takes the database, not a session: scrypt takes its time, and no transaction should wait for it.
 *
 * @returns the user, or `undefined` when he is not let in
 */
export const logIn = async (
  db: DocuvaultDatabase,
  { login, password, ip_address = null }: LoginAttempt,
  cost: PasswordCost = currentCost,
): Promise<User | undefined> => {
  const name = login.trim().toLowerCase();
  const found = await db.read(async (s) => {
    const named = s.query.selectFrom('users').select('id');
    const key = await named
      .where((on) => on.or([on('handle', '=', name), on('email', '=', name)]))
      .executeTakeFirst();
    return key && s.get(users, key.id);
  });
  const { matches, outdated } = await checkPassword(
    found?.password_hash ?? nobodysHash(cost),
    password,
    cost,
  );
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
};

// only over the hash that was checked: the password may have been changed meanwhile
const replaceHash = (s: DocuvaultSession, { id, password_hash }: User, rehashed: string) =>
  s.query
    .updateTable('users')
    .set({ password_hash: rehashed })
    .where('id', '=', id)
    .where('password_hash', '=', password_hash)
    .execute();

/**
 * Gives a user another password, and revokes all his refresh tokens.
 *
 * @throws AshlarError `row-not-found`
 */
export const setPassword = async (
  s: DocuvaultSession,
  { user_id, password_hash }: { readonly user_id: string; readonly password_hash: string },
): Promise<void> => {
  await s.update(users, user_id, { password_hash });
  await revokeAllTokens(s, user_id);
  await recordEvent(s, { user_id, action: 'password.set', resource_type: 'user', resource_id: user_id });
};

/**
 * Lets a user in no more, or again. His documents stay; his refresh tokens are revoked.
 *
 * @throws AshlarError `row-not-found`
 */
export const setActive = async (
  s: DocuvaultSession,
  { user_id, is_active }: { readonly user_id: string; readonly is_active: boolean },
): Promise<User> => {
  const user = await s.update(users, user_id, { is_active });
  if (!is_active) await revokeAllTokens(s, user_id);
  await recordEvent(s, {
    user_id,
    action: is_active ? 'user.activated' : 'user.deactivated',
    resource_type: 'user',
    resource_id: user_id,
  });
  return user;
};

/** The active user with that id. @throws AshlarError `row-not-found` */
export const activeUser = async (
  s: DocuvaultSession,
  user_id: string,
): Promise<Pick<User, 'id' | 'handle'>> => {
  const user = await s.query
    .selectFrom('users')
    .select(['id', 'handle'])
    .where('id', '=', user_id)
    .where('is_active', '=', true)
    .executeTakeFirst();
  if (!user) throw notThere('user');
  return user;
};
