import { parseInput } from 'ashlar';
import { z } from 'zod';
import { writeEvent } from './audit.js';
import { type ConsentRecord, consentRecords, type WillsSession } from './tables.js';
import { latest } from './timestamps.js';

/**
 * A consent to record: the person, the accepted purposes (`categories`), the versions of the accepted texts, and the IP
 * address and user agent of the person's client.
 */
export interface Consent {
  readonly subject_id: string;
  readonly categories: readonly string[];
  readonly consent_version: string;
  readonly privacy_policy_version: string;
  readonly ip_address?: string | null | undefined;
  readonly user_agent?: string | null | undefined;
}

/**
 * Records a person's consent as a new row. Earlier rows stay unchanged: they are evidence of earlier acceptances.
 *
 * @returns the stored record; keep its id as evidence
 * @throws AshlarError `value-invalid`
 */
export async function grantConsent(s: WillsSession, consent: Consent): Promise<ConsentRecord> {
  const { subject_id, categories, ...accepted } = consent;
  const record = await s.insert(consentRecords, {
    ...accepted,
    subject_id,
    consent_categories: [...new Set(categories)],
    accepted_at: s.now(),
  });
  await writeEvent(s, {
    event_type: 'consent.granted',
    event_category: 'consent',
    user_id: s.actor ?? subject_id,
    ip_address: record.ip_address,
    user_agent: record.user_agent,
    resource_type: 'consent_record',
    resource_id: record.id,
    details: {
      subject_id,
      categories: record.consent_categories,
      consent_version: record.consent_version,
      privacy_policy_version: record.privacy_policy_version,
    },
  });
  return record;
}

const withdrawal = z.strictObject({
  subject_id: z.string().min(1),
  categories: z
    .array(z.string().min(1))
    .min(1, 'name at least one category, or omit the list to withdraw all')
    .optional(),
});

/**
 * The result of {@link withdrawConsent}. When nothing was granted, `withdrawn_at` is `undefined` and the lists are
 * empty.
 */
export interface Withdrawal {
  readonly withdrawn_at: string | undefined;
  /** The categories that were withdrawn, sorted. */
  readonly categories: readonly string[];
  /** The consent records whose `withdrawn_at` was set. */
  readonly stamped: readonly ConsentRecord[];
  /**
   * The new consent records for the categories that stay granted; they keep the original `accepted_at` and versions.
   */
  readonly carried: readonly ConsentRecord[];
}

/**
 * Withdraws a person's consent to the given categories, or, if `categories` is omitted, to all categories. Withdrawing
 * a category that is not granted has no effect and no error, so concurrent withdrawals stamp a record once.
 *
 * @throws AshlarError `input-invalid`
 */
export async function withdrawConsent(
  s: WillsSession,
  input: { readonly subject_id: string; readonly categories?: readonly string[] | undefined },
): Promise<Withdrawal> {
  const { subject_id, categories } = parseInput('Invalid withdrawal', withdrawal, input);
  const isWithdrawn = (category: string) => categories === undefined || categories.includes(category);
  const active = await lockActive(s, subject_id);
  const affected = active.filter((record) => record.consent_categories.some(isWithdrawn));
  if (affected.length === 0) return { withdrawn_at: undefined, categories: [], stamped: [], carried: [] };

  // another process's clock may be ahead of this one's, and withdrawn_at must not precede accepted_at
  const withdrawn_at = latest([s.now(), ...affected.map((record) => record.accepted_at)]);
  const stamped: ConsentRecord[] = [];
  const carried: ConsentRecord[] = [];
  for (const record of affected) {
    stamped.push(await s.update(consentRecords, record.id, { withdrawn_at }));
    // without created_at: the database sets it
    const { id: _, created_at: __, ...rest } = record;
    const consent_categories = rest.consent_categories.filter((category) => !isWithdrawn(category));
    if (consent_categories.length === 0) continue;
    carried.push(await s.insert(consentRecords, { ...rest, consent_categories }));
  }
  const withdrawn = [
    ...new Set(affected.flatMap((record) => record.consent_categories.filter(isWithdrawn))),
  ].sort();
  await writeEvent(s, {
    event_type: 'consent.withdrawn',
    event_category: 'consent',
    user_id: s.actor ?? subject_id,
    resource_type: 'consent_record',
    resource_id: affected[0]?.id ?? null,
    details: {
      subject_id,
      categories: withdrawn,
      stamped: stamped.map((record) => record.id),
      carried: carried.map((record) => record.id),
    },
  });
  return { withdrawn_at, categories: withdrawn, stamped, carried };
}

const lockActive = async (s: WillsSession, subject_id: string): Promise<ConsentRecord[]> => {
  const ofSubject = s.query.selectFrom('consent_records').where('subject_id', '=', subject_id);
  // lock withdrawn records too: a session that waits here must afterwards see the rows the other one carried over
  await ofSubject.select('id').orderBy('id').forUpdate().execute();
  return ofSubject
    .selectAll()
    .where('withdrawn_at', 'is', null)
    .orderBy('accepted_at')
    .orderBy('id')
    .execute();
};
