import { AshlarError } from 'ashlar';
import { recordEvent } from './audit.js';
import { asConflict, notFound } from './errors.js';
import { type AboutUser, type LoginRef, requireLogin, requireSelfOrAdmin } from './guard.js';
import { type DocuvaultSession, type Quota, quotas } from './tables.js';

/**
 * Returns a user's quota, for the user or an administrator: the limit and the used space, in bytes.
 *
 * @throws AshlarError `login-required`, `access-denied`; `row-not-found`
 */
export async function quotaOf(s: DocuvaultSession, about: AboutUser): Promise<Quota> {
  const { user_id } = await requireSelfOrAdmin(s, about);
  return readQuota(s, user_id);
}

/**
 * Returns the quota of a user.
 *
 * @throws AshlarError `row-not-found`
 */
export async function readQuota(s: DocuvaultSession, user_id: string): Promise<Quota> {
  const quota = await s.get(quotas, user_id);
  if (!quota) throw notFound('user');
  return quota;
}

/**
 * Charges a number of bytes to a user's quota; a negative number credits bytes. One statement checks and charges, so
 * that concurrent uploads cannot use the same space.
 *
 * @throws AshlarError `quota-exceeded`; `row-not-found`
 */
export async function chargeQuota(s: DocuvaultSession, user_id: string, bytes: number): Promise<void> {
  if (bytes === 0) return;
  const { numUpdatedRows } = await s.query
    .updateTable('quotas')
    .set((eb) => ({ used_bytes: eb('used_bytes', '+', bytes) }))
    .where('user_id', '=', user_id)
    .where((eb) => eb('used_bytes', '<=', eb('limit_bytes', '-', bytes)))
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) throw quotaExceeded(await readQuota(s, user_id), `${bytes} more bytes`);
}

/**
 * Creates the error `quota-exceeded`.
 *
 * @param requested - the requested space, for the message
 */
export function quotaExceeded({ limit_bytes, used_bytes }: Quota, requested: string): AshlarError {
  return new AshlarError('quota-exceeded', {
    message: `Quota exceeded: ${requested} requested, ${used_bytes} of ${limit_bytes} bytes used, ${limit_bytes - used_bytes} free.`,
    suggestion: 'Delete documents, or ask for a larger quota.',
  });
}

/**
 * Sets the limit of a user's quota, in bytes, on behalf of an administrator.
 *
 * @throws AshlarError `login-required`, `access-denied`; `state-conflict` when the user already uses more;
 *   `row-not-found`
 */
export async function setQuota(
  s: DocuvaultSession,
  { user_id, limit_bytes, ...login }: LoginRef & { readonly user_id: string; readonly limit_bytes: number },
): Promise<Quota> {
  const { user_id: by } = await requireLogin(s, login, 'admin');
  const quota = await asConflict(
    s,
    { code: 'check-violation', table: 'quotas' },
    'The user already uses more space than the new limit allows.',
    (inner) => inner.update(quotas, user_id, { limit_bytes }),
  );
  await recordEvent(s, {
    user_id,
    action: 'quota.set',
    resource_type: 'user',
    resource_id: user_id,
    metadata: { by, limit_bytes },
  });
  return quota;
}
