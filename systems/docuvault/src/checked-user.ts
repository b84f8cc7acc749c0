import { type DocuvaultSession, type User, users } from './tables.js';

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

/** Returns a user, locked, if active and if the hash is still the one that was checked. */
export async function lockChecked(
  s: DocuvaultSession,
  { id, password_hash }: Checked,
): Promise<User | undefined> {
  const locked = await s.query
    .selectFrom('users')
    .select(['is_active', 'password_hash'])
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (!locked?.is_active || locked.password_hash !== password_hash) return undefined;
  return s.get(users, id);
}
