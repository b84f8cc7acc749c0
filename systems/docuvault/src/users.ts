import { AshlarError, parseInput } from 'ashlar';
import type { Page } from 'ashlar/query';
import { z } from 'zod';
import { type Account, accountOf } from './account.js';
import { recordEvent } from './audit.js';
import { userNamed } from './checked-user.js';
import { type Confirmation, confirmCaller } from './confirm.js';
import { normaliseEmail } from './email.js';
import { asConflict, notFound } from './errors.js';
import { type AboutUser, type LoginRef, requireLogin, requireSelfOrAdmin } from './guard.js';
import { ipAddress, shortText } from './inputs.js';
import { type ListOptions, pageOf } from './paging.js';
import { isUsable } from './passwords.js';
import { endLogins } from './refresh-tokens.js';
import { docuvaultSettings } from './settings.js';
import { type DocuvaultDatabase, type DocuvaultSession, quotas, type User, users } from './tables.js';
import { forgetFailures } from './throttle.js';

// a cost that is too low protects nothing, and one that is too high stops the server
const passwordHash = shortText.refine(
  (text) => !text.startsWith('$scrypt$') || isUsable(text),
  'a cost out of range',
);

const newUser = z.object({
  handle: z.string().transform((text) => text.trim().toLowerCase()),
  email: z.string().transform(normaliseEmail),
  password_hash: passwordHash,
  limit_bytes: z.int().min(0).optional(),
  ip_address: ipAddress,
});
const roles = z.enum(['user', 'admin']);
const registration = newUser.extend({ role: roles.default('user') });

/**
 * The data of a user to register. `password_hash` is a result of `hashPassword`; `limit_bytes` is the quota, by default
 * the setting QUOTA_BYTES.
 */
export type Registration = z.input<typeof registration>;

/**
 * Registers a user with a quota, on behalf of an administrator. Handle and email are trimmed and stored in lower case.
 *
 * @throws AshlarError `login-required`, `access-denied`; `state-conflict` when the handle or the email is taken;
 *   `input-invalid`, `value-invalid`; `settings-invalid`
 */
export async function registerUser(
  s: DocuvaultSession,
  { login_token, ...input }: LoginRef & Registration,
): Promise<Account> {
  const { user_id } = await requireLogin(s, { login_token }, 'admin');
  return addUser(s, parseInput('Invalid registration', registration, input), user_id);
}

/** The data of the first administrator. */
export type FirstAdmin = z.input<typeof newUser>;

/**
 * Creates the first administrator: refused while an active administrator exists. It needs no login, so only the operator
 * may call it: `ashlar docuvault create-admin` does.
 *
 * @throws AshlarError `state-conflict` when an administrator exists, or the handle or the email is taken;
 *   `input-invalid`, `value-invalid`; `settings-invalid`
 */
export async function createFirstAdmin(s: DocuvaultSession, input: FirstAdmin): Promise<Account> {
  await s.lock(adminsLock);
  if ((await activeAdmins(s)).length > 0) {
    throw new AshlarError('state-conflict', {
      message: 'An administrator exists already.',
      suggestion: 'Ask that administrator to register another one.',
    });
  }
  return addUser(s, { ...parseInput('Invalid administrator', newUser, input), role: 'admin' }, null);
}

const addUser = async (
  s: DocuvaultSession,
  { limit_bytes = docuvaultSettings().quota_bytes, ip_address, ...given }: z.output<typeof registration>,
  by: string | null,
): Promise<Account> => {
  const user = await asConflict(
    s,
    { code: 'unique-violation', table: 'users' },
    'The handle or the email is already taken.',
    (inner) => inner.insert(users, given),
  );
  await s.insert(quotas, { user_id: user.id, limit_bytes });
  await record(s, 'user.registered', user.id, { by, role: user.role, limit_bytes }, ip_address);
  return accountOf(user);
};

/**
 * Sets a user's password, for the user or an administrator, and ends all logins of the user, that of the caller too. The
 * user gives the current password again, and a code if TOTP is on.
 *
 * @param input - `password_hash`: a result of `hashPassword` for the new password; `password`: the current one
 * @throws AshlarError `login-required`, `access-denied`; `confirmation-refused`; `row-not-found`; `input-invalid`,
 *   `value-invalid`; `usage` inside a session
 */
export async function setPassword(
  db: DocuvaultDatabase,
  input: AboutUser & Confirmation & { readonly password_hash: string },
): Promise<void> {
  const about = { login_token: input.login_token, user_id: input.user_id };
  const password_hash = parseInput('Invalid password hash', passwordHash, input.password_hash);
  await confirmCaller(db, about, input);
  await db.session(async (s) => {
    const { caller, user_id } = await requireSelfOrAdmin(s, about);
    await s.update(users, user_id, { password_hash });
    await endLogins(s, user_id);
    await record(s, 'password.set', user_id, { by: caller.user_id });
  });
}

/**
 * Forgets the failed attempts to log in of a user, who need not wait any longer. Only the operator calls it:
 * `ashlar docuvault unlock` does.
 *
 * @param name - the handle or the email address
 * @returns whether attempts had failed
 * @throws AshlarError `row-not-found`; `input-invalid`
 */
export async function unlockUser(s: DocuvaultSession, name: string): Promise<boolean> {
  const user_id = await userNamed(s, normaliseEmail(parseInput('Invalid name', shortText, name)));
  if (user_id === undefined) throw notFound('user');
  const had = await forgetFailures(s, user_id);
  await record(s, 'user.unlocked', user_id, {});
  return had;
}

/**
 * Activates or deactivates a user, on behalf of an administrator. A deactivated user is refused by every service, and all
 * logins of the user end; the documents stay.
 *
 * @throws AshlarError `login-required`, `access-denied`; `row-not-found`; `state-conflict` for the last administrator
 */
export async function setActive(
  s: DocuvaultSession,
  { user_id, is_active, ...login }: LoginRef & { readonly user_id: string; readonly is_active: boolean },
): Promise<Account> {
  const { user_id: by } = await requireLogin(s, login, 'admin');
  parseInput('Invalid state', z.boolean(), is_active);
  if (!is_active) await keepAnAdmin(s, user_id);
  const user = await s.update(users, user_id, { is_active });
  if (!is_active) await endLogins(s, user_id);
  await record(s, is_active ? 'user.activated' : 'user.deactivated', user_id, { by });
  return accountOf(user);
}

/**
 * Makes a user an administrator, or an administrator a user, on behalf of an administrator.
 *
 * @throws AshlarError `login-required`, `access-denied`; `row-not-found`; `state-conflict` for the last administrator
 */
export async function setRole(
  s: DocuvaultSession,
  { user_id, role, ...login }: LoginRef & { readonly user_id: string; readonly role: User['role'] },
): Promise<Account> {
  const { user_id: by } = await requireLogin(s, login, 'admin');
  parseInput('Invalid role', roles, role);
  if (role !== 'admin') await keepAnAdmin(s, user_id);
  const user = await s.update(users, user_id, { role });
  await record(s, 'user.role-set', user_id, { by, role });
  return accountOf(user);
}

/**
 * Lists all users for an administrator, sorted by handle.
 *
 * @throws AshlarError `login-required`, `access-denied`; `input-invalid`
 */
export async function listUsers(
  s: DocuvaultSession,
  { login_token, ...options }: LoginRef & ListOptions,
): Promise<Page<Account>> {
  await requireLogin(s, { login_token }, 'admin');
  const columns = [
    'id',
    'handle',
    'email',
    'totp_enabled',
    'role',
    'is_active',
    'created_at',
    'updated_at',
  ] as const;
  return pageOf(s, s.query.selectFrom('users').select(columns), ['handle'], options);
}

const adminsLock = 'docuvault/administrators';

const activeAdmins = async (s: DocuvaultSession): Promise<readonly string[]> => {
  const admins = s.query.selectFrom('users').select('id').where('role', '=', 'admin');
  return (await admins.where('is_active', '=', true).execute()).map(({ id }) => id);
};

/**
 * Throws if a user is the only active administrator: without one, nobody could administer the users.
 *
 * @throws AshlarError `state-conflict`
 */
export async function keepAnAdmin(s: DocuvaultSession, user_id: string): Promise<void> {
  await s.lock(adminsLock);
  const admins = await activeAdmins(s);
  if (admins.length !== 1 || admins[0] !== user_id) return;
  throw new AshlarError('state-conflict', {
    message: 'The user is the only active administrator.',
    suggestion: 'Make another user an administrator first.',
  });
}

/**
 * Returns the id and the handle of a user if the user is active; throws otherwise.
 *
 * @throws AshlarError `row-not-found`
 */
export async function activeUser(s: DocuvaultSession, user_id: string): Promise<Pick<User, 'id' | 'handle'>> {
  const active = s.query
    .selectFrom('users')
    .select(['id', 'handle'])
    .where('id', '=', user_id)
    .where('is_active', '=', true);
  // a deletion of the user waits, or is seen
  const user = await (s.readOnly ? active : active.forShare()).executeTakeFirst();
  if (!user) throw notFound('user');
  return user;
}

type Details = Parameters<typeof recordEvent>[1]['metadata'];

// the event is about `user_id`; who performed it is in the details
const record = (
  s: DocuvaultSession,
  action: string,
  user_id: string,
  metadata: Details,
  ip_address: string | null = null,
) => recordEvent(s, { user_id, action, resource_type: 'user', resource_id: user_id, ip_address, metadata });
