import { randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { parseInput } from 'ashlar';
import { z } from 'zod';
import { recordEvent } from './audit.js';
import { type AboutUser, hashOf, requireSelfOrAdmin } from './guard.js';
import { ipAddress } from './inputs.js';
import { docuvaultSettings, longestLogin } from './settings.js';
import { type DocuvaultSession, type RefreshToken, refreshTokens } from './tables.js';

/**
 * A new refresh token with its login token, its user and its expiry. Both tokens are returned once, and the database stores
 * only their hashes. The text of the refresh token is `ID.SECRET`.
 */
export interface IssuedToken {
  /** The secret with which services are called, until the refresh token is exchanged for the next ones. */
  readonly login_token: string;
  readonly token: string;
  readonly user_id: string;
  readonly expires_at: string;
}

/** The result of {@link rotateToken}: the new token, or the reason why the exchange was refused. */
export type Rotation =
  | ({ readonly ok: true } & IssuedToken)
  | { readonly ok: false; readonly reason: 'unknown' | 'expired' | 'revoked' | 'reused' };

/** Options for a new refresh token. */
export interface TokenOptions {
  /** The lifetime of an unused refresh token, in days. Default: the setting REFRESH_TOKEN_DAYS. */
  readonly days?: number | undefined;
  readonly ip_address?: string | null | undefined;
}

const tokenOptions = z.object({
  days: z
    .int()
    .min(1)
    .max(longestLogin)
    .default(() => docuvaultSettings().refresh_token_days),
  ip_address: ipAddress,
});

/**
 * Reads the options of a new refresh token, with the defaults.
 *
 * @throws AshlarError `input-invalid`; `settings-invalid`
 */
export function tokenOptionsOf({ days, ip_address }: TokenOptions): z.output<typeof tokenOptions> {
  return parseInput('Invalid options of a login', tokenOptions, { days, ip_address });
}

/** Issues the first refresh token of a new login. The caller has checked the user, who is active and locked. */
export async function issueToken(
  s: DocuvaultSession,
  user_id: string,
  options: z.output<typeof tokenOptions> & { readonly second_factor: boolean },
): Promise<IssuedToken> {
  await purgeTokens(s, purgedAtOnce, user_id);
  const login = { user_id, family_id: randomUUID(), second_factor: options.second_factor };
  const issued = await newToken(s, login, options);
  await record(s, { ...login, action: 'token.issued', options });
  return issued;
}

/**
 * Exchanges a refresh token for the next token of its family. A second use means that the token was stolen, so the
 * whole family is revoked (RFC 9700, section 4.14.2). Two concurrent uses therefore yield one new token, which the
 * second use revokes. The bearer of the token is its login, so this service takes no `login_token`.
 *
 * A refusal is a result, not an error, because the session must commit the revocation. Throw, if at all, after the
 * session has ended.
 */
export async function rotateToken(
  s: DocuvaultSession,
  token: string,
  given: TokenOptions = {},
): Promise<Rotation> {
  const options = tokenOptionsOf(given);
  const found = await findToken(s, token);
  if (!found) return { ok: false, reason: 'unknown' };
  const { id, user_id, family_id, second_factor } = found;
  // this lock serialises all uses of a user's tokens, so that a revocation reaches every token
  const user = await lockUser(s, user_id);
  // the token of a user who may not act now stays as it is
  if (!user?.is_active || !(second_factor || !user.totp_enabled)) return { ok: false, reason: 'revoked' };
  const used = await s.query
    .updateTable('refresh_tokens')
    .set({ used_at: s.now(), revoked: true })
    .where('id', '=', id)
    .where('revoked', '=', false)
    .where('expires_at', '>', s.now())
    .executeTakeFirstOrThrow();
  if (used.numUpdatedRows === 1n) {
    await purgeTokens(s, purgedAtOnce, user_id);
    const issued = await newToken(s, { user_id, family_id, second_factor }, options);
    await record(s, { action: 'token.rotated', user_id, family_id, options });
    return { ok: true, ...issued };
  }
  const current = await s.get(refreshTokens, id);
  if (current?.used_at) {
    await revoke(s, user_id, { only: family_id });
    await record(s, { action: 'token.reused', user_id, family_id, options });
    return { ok: false, reason: 'reused' };
  }
  return { ok: false, reason: current?.revoked ? 'revoked' : 'expired' };
}

/**
 * Revokes a refresh token and all other tokens of its family, at a logout: the login ends. The bearer of the token is its
 * login, so this service takes no `login_token`. An unknown token is no error.
 */
export async function revokeToken(
  s: DocuvaultSession,
  token: string,
  given: Pick<TokenOptions, 'ip_address'> = {},
): Promise<void> {
  const options = tokenOptionsOf(given);
  const found = await findToken(s, token);
  if (!found) return;
  await lockUser(s, found.user_id);
  await revoke(s, found.user_id, { only: found.family_id });
  await record(s, { ...found, action: 'token.revoked', options });
}

/**
 * Revokes every refresh token of a user, for the user or an administrator: all logins of the user end.
 *
 * @returns the number of tokens that were valid until now
 * @throws AshlarError `login-required`, `access-denied`
 */
export async function revokeAllTokens(s: DocuvaultSession, about: AboutUser): Promise<number> {
  const { user_id } = await requireSelfOrAdmin(s, about);
  return endLogins(s, user_id);
}

/**
 * Ends the logins of a user, and returns the number of tokens that were valid until now.
 *
 * @param except - the `family_id` of a login that goes on
 */
export async function endLogins(s: DocuvaultSession, user_id: string, except?: string): Promise<number> {
  await lockUser(s, user_id);
  return revoke(s, user_id, except === undefined ? {} : { except });
}

/**
 * Deletes refresh tokens that have expired, oldest first. Their login has ended, so nothing is lost: a use of such a token
 * is answered `unknown` instead of `expired`.
 *
 * @param user_id - the user whose tokens are deleted; by default those of all users
 * @returns their number, at most `most`
 */
export async function purgeTokens(s: DocuvaultSession, most: number, user_id?: string): Promise<number> {
  let expired = s.query.selectFrom('refresh_tokens').select('id').where('expires_at', '<=', s.now());
  if (user_id !== undefined) expired = expired.where('user_id', '=', user_id);
  const ids = (await expired.orderBy('expires_at').limit(most).execute()).map(({ id }) => id);
  if (ids.length === 0) return 0;
  const deletion = s.query.deleteFrom('refresh_tokens').where('id', 'in', ids);
  return Number((await deletion.executeTakeFirstOrThrow()).numDeletedRows);
}

/** How many expired tokens of a user a new one removes: more than it adds. */
const purgedAtOnce = 10;

const newToken = async (
  s: DocuvaultSession,
  { user_id, family_id, second_factor }: Pick<RefreshToken, 'user_id' | 'family_id' | 'second_factor'>,
  { days }: Pick<z.output<typeof tokenOptions>, 'days'>,
): Promise<IssuedToken> => {
  const [secret, login_token] = [newSecret(), newSecret()];
  const expires_at = new Date(Date.parse(s.now()) + days * 86_400_000).toISOString();
  const hashes = { token_hash: hashOf(secret), login_hash: hashOf(login_token) };
  const { id } = await s.insert(refreshTokens, { user_id, family_id, second_factor, ...hashes, expires_at });
  return { login_token, token: `${id}.${secret}`, user_id, expires_at };
};

const newSecret = (): string => randomBytes(32).toString('base64url');

// looked up by the id, which is not secret; the secret is then compared in constant time
const findToken = async (s: DocuvaultSession, token: string): Promise<RefreshToken | undefined> => {
  const [, id, secret = ''] =
    /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([\w-]{1,100})$/.exec(String(token)) ?? [];
  const found = id === undefined ? undefined : await s.get(refreshTokens, id);
  const matches = timingSafeEqual(
    Buffer.from(hashOf(secret)),
    Buffer.from(found?.token_hash ?? hashOf('no such token')),
  );
  return found && matches ? found : undefined;
};

const lockUser = (s: DocuvaultSession, user_id: string) =>
  s.query
    .selectFrom('users')
    .select(['is_active', 'totp_enabled'])
    .where('id', '=', user_id)
    .forNoKeyUpdate()
    .executeTakeFirst();

const revoke = async (
  s: DocuvaultSession,
  user_id: string,
  { only, except }: { readonly only?: string; readonly except?: string } = {},
): Promise<number> => {
  let valid = s.query
    .updateTable('refresh_tokens')
    .set({ revoked: true })
    .where('user_id', '=', user_id)
    .where('revoked', '=', false);
  if (only !== undefined) valid = valid.where('family_id', '=', only);
  if (except !== undefined) valid = valid.where('family_id', '<>', except);
  return Number((await valid.executeTakeFirstOrThrow()).numUpdatedRows);
};

const record = (
  s: DocuvaultSession,
  event: Pick<RefreshToken, 'user_id' | 'family_id'> & {
    readonly action: string;
    readonly options: Pick<TokenOptions, 'ip_address'>;
  },
) =>
  recordEvent(s, {
    user_id: event.user_id,
    action: event.action,
    resource_type: 'token_family',
    resource_id: event.family_id,
    ip_address: event.options.ip_address ?? null,
  });
