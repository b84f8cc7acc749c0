import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { recordEvent } from './audit.js';
import { notFound } from './errors.js';
import { type DocuvaultSession, type RefreshToken, refreshTokens } from './tables.js';

const defaultTokenDays = 30;

/**
 * A new refresh token with its user and expiry. Its text is `ID.SECRET`; it is returned once, and the database stores
 * only the hash of the secret.
 */
export interface IssuedToken {
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
  /** The lifetime of an unused refresh token, in days. Default 30. */
  readonly days?: number | undefined;
  readonly ip_address?: string | null | undefined;
}

/**
 * Issues the first refresh token of a new family, after a login.
 *
 * @throws AshlarError `row-not-found` when the user does not exist or is not active
 */
export async function issueToken(
  s: DocuvaultSession,
  user_id: string,
  options: TokenOptions = {},
): Promise<IssuedToken> {
  if (!(await lockActiveUser(s, user_id))) throw notFound('user');
  const issued = await newToken(s, user_id, randomUUID(), options);
  await record(s, { action: 'token.issued', user_id, family_id: issued.family_id, options });
  return issued.shown;
}

/**
 * Exchanges a refresh token for the next token of its family. A second use means that the token was stolen, so the
 * whole family is revoked (RFC 9700, section 4.14.2). Two concurrent uses therefore yield one new token, which the
 * second use revokes.
 *
 * A refusal is a result, not an error, because the session must commit the revocation. Throw, if at all, after the
 * session has ended.
 */
export async function rotateToken(
  s: DocuvaultSession,
  token: string,
  options: TokenOptions = {},
): Promise<Rotation> {
  const found = await findToken(s, token);
  if (!found) return { ok: false, reason: 'unknown' };
  const { id, user_id, family_id } = found;
  // this lock serialises all uses of a user's tokens, so that a revocation reaches every token
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
    await record(s, { action: 'token.rotated', user_id, family_id, options });
    return { ok: true, ...issued.shown };
  }
  const current = await s.get(refreshTokens, id);
  if (isActive && current?.used_at) {
    await revoke(s, user_id, family_id);
    await record(s, { action: 'token.reused', user_id, family_id, options });
    return { ok: false, reason: 'reused' };
  }
  return { ok: false, reason: current?.revoked ? 'revoked' : 'expired' };
}

/** Revokes a refresh token and all other tokens of its family, at a logout. An unknown token is no error. */
export async function revokeToken(
  s: DocuvaultSession,
  token: string,
  options: Pick<TokenOptions, 'ip_address'> = {},
): Promise<void> {
  const found = await findToken(s, token);
  if (!found) return;
  await lockActiveUser(s, found.user_id);
  await revoke(s, found.user_id, found.family_id);
  await record(s, { ...found, action: 'token.revoked', options });
}

/**
 * Revokes every refresh token of a user.
 *
 * @returns the number of tokens that were valid until now
 */
export async function revokeAllTokens(s: DocuvaultSession, user_id: string): Promise<number> {
  await lockActiveUser(s, user_id);
  return revoke(s, user_id);
}

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

// looked up by the id, which is not secret; the secret is then compared in constant time
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
  let valid = s.query
    .updateTable('refresh_tokens')
    .set({ revoked: true })
    .where('user_id', '=', user_id)
    .where('revoked', '=', false);
  if (family_id !== undefined) valid = valid.where('family_id', '=', family_id);
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
