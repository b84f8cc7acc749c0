import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { recordEvent } from './audit.js';
import { notThere } from './refusals.js';
import { type DocuvaultSession, type RefreshToken, refreshTokens } from './tables.js';

/** How long a token may lie unused, in days, where nobody says otherwise. */
export const defaultTokenDays = 30;

/** A token as its bearer has it: `ID.SECRET`. It is shown once; the database has only a hash of it. */
export interface IssuedToken {
  readonly token: string;
  readonly user_id: string;
  readonly expires_at: string;
}

/** What came of using a token: another in its place, or why there is none. */
export type Rotation =
  | ({ readonly ok: true } & IssuedToken)
  | { readonly ok: false; readonly reason: 'unknown' | 'expired' | 'revoked' | 'reused' };

/** How tokens are made. */
export interface TokenOptions {
  /** How long the new one may lie unused, in days. Default {@link defaultTokenDays}. */
  readonly days?: number | undefined;
  readonly ip_address?: string | null | undefined;
}

/**
 * Issues the first refresh token of a new family: after a login.
 *
 * @throws AshlarError `row-not-found` when there is no such active user
 */
export const issueToken = async (
  s: DocuvaultSession,
  user_id: string,
  options: TokenOptions = {},
): Promise<IssuedToken> => {
  if (!(await lockActiveUser(s, user_id))) throw notThere('user');
  const issued = await newToken(s, user_id, randomUUID(), options);
  await record(s, user_id, 'token.issued', issued.family_id, options);
  return issued.shown;
};

/**
 * Exchanges a refresh token for the next one of its family. A token that was exchanged before has been stolen, by
 * whoever came first or by whoever comes now: the whole family is revoked (RFC 9700, section 4.14.2). So two uses at the
 * same time give one new token, which is revoked by the other.
 *
 * That a token is refused is an answer and no error, because the revocation must be kept: throw, if at all, after the
 * session has ended.
 */
export const rotateToken = async (
  s: DocuvaultSession,
  token: string,
  options: TokenOptions = {},
): Promise<Rotation> => {
  const found = await findToken(s, token);
  if (!found) return { ok: false, reason: 'unknown' };
  const { id, user_id, family_id } = found;
  // all uses of a user's tokens queue here, so that a revocation meets every token that there is
  const isActive = await lockActiveUser(s, user_id);
  const used = await s.query
    .updateTable('refresh_tokens')
    .set({ used_at: s.now(), revoked: true })
    .where('id', '=', id)
    .where('revoked', '=', false)
    .where('expires_at', '>', s.now())
    .executeTakeFirstOrThrow();
  if (used.numUpdatedRows === 1n && isActive) {
    const issued = await newToken(s, user_id, family_id, options);
    await record(s, user_id, 'token.rotated', family_id, options);
    return { ok: true, ...issued.shown };
  }
  const now = await s.get(refreshTokens, id);
  if (isActive && now?.used_at) {
    await revoke(s, user_id, family_id);
    await record(s, user_id, 'token.reused', family_id, options);
    return { ok: false, reason: 'reused' };
  }
  return { ok: false, reason: now?.revoked ? 'revoked' : 'expired' };
};

/** Revokes the family of a token: a logout. A token that is not there is no error. */
export const revokeToken = async (
  s: DocuvaultSession,
  token: string,
  options: Pick<TokenOptions, 'ip_address'> = {},
): Promise<void> => {
  const found = await findToken(s, token);
  if (!found) return;
  await lockActiveUser(s, found.user_id);
  await revoke(s, found.user_id, found.family_id);
  await record(s, found.user_id, 'token.revoked', found.family_id, options);
};

/** Revokes every token of a user. @returns how many there were to revoke */
export const revokeAllTokens = async (s: DocuvaultSession, user_id: string): Promise<number> => {
  await lockActiveUser(s, user_id);
  return revoke(s, user_id);
};

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

const newToken = async (
  s: DocuvaultSession,
  user_id: string,
  family_id: string,
  { days = defaultTokenDays }: TokenOptions,
): Promise<{ family_id: string; shown: IssuedToken }> => {
  const secret = randomBytes(32).toString('base64url');
  const expires_at = new Date(Date.parse(s.now()) + days * 86_400_000).toISOString();
  const { id } = await s.insert(refreshTokens, {
    user_id,
    family_id,
    token_hash: hashOf(secret),
    expires_at,
  });
  return { family_id, shown: { token: `${id}.${secret}`, user_id, expires_at } };
};

// found by the part that is no secret, and then compared in constant time
const findToken = async (s: DocuvaultSession, token: string): Promise<RefreshToken | undefined> => {
  const [, id, secret = ''] = /^([0-9a-f-]{36})\.([\w-]{1,100})$/.exec(token) ?? [];
  const found = id === undefined ? undefined : await s.get(refreshTokens, id);
  const matches = timingSafeEqual(
    Buffer.from(hashOf(secret)),
    Buffer.from(found?.token_hash ?? hashOf('no such token')),
  );
  return found && matches ? found : undefined;
};

const lockActiveUser = async (s: DocuvaultSession, user_id: string): Promise<boolean> => {
  const user = await s.query
    .selectFrom('users')
    .select('is_active')
    .where('id', '=', user_id)
    .forNoKeyUpdate()
    .executeTakeFirst();
  return user?.is_active ?? false;
};

const revoke = async (s: DocuvaultSession, user_id: string, family_id?: string): Promise<number> => {
  let live = s.query
    .updateTable('refresh_tokens')
    .set({ revoked: true })
    .where('user_id', '=', user_id)
    .where('revoked', '=', false);
  if (family_id !== undefined) live = live.where('family_id', '=', family_id);
  return Number((await live.executeTakeFirstOrThrow()).numUpdatedRows);
};

const record = (
  s: DocuvaultSession,
  user_id: string,
  action: string,
  family_id: string,
  { ip_address = null }: Pick<TokenOptions, 'ip_address'>,
) => recordEvent(s, { user_id, action, resource_type: 'token_family', resource_id: family_id, ip_address });
