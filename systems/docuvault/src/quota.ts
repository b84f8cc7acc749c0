import { AshlarError } from 'ashlar';
import { recordEvent } from './audit.js';
import { notThere, refusedAs } from './refusals.js';
import { type DocuvaultSession, type Quota, quotas } from './tables.js';

/** How much a user may keep, and how much he does. @throws AshlarError `row-not-found` */
export const quotaOf = async (s: DocuvaultSession, user_id: string): Promise<Quota> => {
  const quota = await s.get(quotas, user_id);
  if (!quota) throw notThere('user');
  return quota;
};

/**
 * Charges a user's quota with so many bytes, or with fewer than none gives them back. One statement looks and charges, so
 * that no two uploads take the same room.
 *
 * @throws AshlarError `quota-exceeded`, with the figures; `row-not-found`
 */
export const chargeQuota = async (s: DocuvaultSession, user_id: string, bytes: number): Promise<void> => {
  if (bytes === 0) return;
  const { numUpdatedRows } = await s.query
    .updateTable('quotas')
    .set((eb) => ({ used_bytes: eb('used_bytes', '+', bytes) }))
    .where('user_id', '=', user_id)
    .where((eb) => eb('used_bytes', '<=', eb('limit_bytes', '-', bytes)))
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) throw quotaExceeded(await quotaOf(s, user_id), `${bytes} bytes more`);
};

/** The refusal of what does not fit. */
export const quotaExceeded = ({ limit_bytes, used_bytes }: Quota, wanted: string): AshlarError =>
  new AshlarError('quota-exceeded', {
    message: `There is no room for ${wanted}: ${used_bytes} of ${limit_bytes} bytes are used, ${limit_bytes - used_bytes} are free.`,
    suggestion: 'Delete documents that are not needed any more, or ask for a larger quota.',
  });

/**
 * Sets how much a user may keep.
 *
 * @throws AshlarError `state-conflict` when he keeps more already; `row-not-found`
 */
export const setQuota = async (
  s: DocuvaultSession,
  { user_id, limit_bytes }: { readonly user_id: string; readonly limit_bytes: number },
): Promise<Quota> => {
  const quota = await refusedAs(s, ['check-violation'], 'The user keeps more than that already.', (inner) =>
    inner.update(quotas, user_id, { limit_bytes }),
  );
  await recordEvent(s, {
    user_id,
    action: 'quota.set',
    resource_type: 'user',
    resource_id: user_id,
    metadata: { limit_bytes },
  });
  return quota;
};
