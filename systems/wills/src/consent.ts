import { parseInput } from 'ashlar';
import { z } from 'zod';
import { recordEvent } from './audit.js';
import { latest } from './moments.js';
import { type ConsentRecord, consentRecords, type WillsSession } from './tables.js';

/** What a person accepts: which purposes, under which texts, from where. */
export interface Consent {
  readonly subject_id: string;
  readonly categories: readonly string[];
  readonly consent_version: string;
  readonly privacy_policy_version: string;
  readonly ip_address?: string | null | undefined;
  readonly user_agent?: string | null | undefined;
}

/**
 * Records that a person accepted. Earlier records stay as they are: what was accepted then was accepted then.
 *
 * @returns the record; its id is the evidence to keep
 * @throws AshlarError `value-invalid`
 */
export const grantConsent = async (s: WillsSession, consent: Consent): Promise<ConsentRecord> => {
  const { subject_id, categories, ...accepted } = consent;
  const record = await s.insert(consentRecords, {
    ...accepted,
    subject_id,
    consent_categories: [...new Set(categories)],
    accepted_at: s.now(),
  });
  await recordEvent(s, {
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
};

const withdrawal = z.strictObject({
  subject_id: z.string().min(1),
  categories: z
    .array(z.string().min(1))
    .min(1, 'name at least one, or leave it out to withdraw all')
    .optional(),
});

/** What a withdrawal did; with nothing to withdraw, `withdrawn_at` is `undefined` and the lists are empty. */
export interface Withdrawal {
  readonly withdrawn_at: string | undefined;
  readonly categories: readonly string[];
  /** The records that were stamped withdrawn. */
  readonly stamped: readonly ConsentRecord[];
  /** The records that carry on what was not withdrawn: accepted when and as it was. */
  readonly carried: readonly ConsentRecord[];
}

/**
 * Withdraws a person's consent to the categories, or to all. Withdrawing what is not granted changes nothing and is no
 * error, so two withdrawals at once stamp once.
 *
 * @throws AshlarError `input-invalid`
 */
export const withdrawConsent = async (
  s: WillsSession,
  input: { readonly subject_id: string; readonly categories?: readonly string[] | undefined },
): Promise<Withdrawal> => {
  const { subject_id, categories } = parseInput('The withdrawal', withdrawal, input);
  const isWithdrawn = (category: string) => categories === undefined || categories.includes(category);
  const active = await lockActive(s, subject_id);
  const touched = active.filter((record) => record.consent_categories.some(isWithdrawn));
  if (touched.length === 0) return { withdrawn_at: undefined, categories: [], stamped: [], carried: [] };

  // another process's clock may run ahead of this one's; nothing is withdrawn before it was accepted
  const withdrawn_at = latest([s.now(), ...touched.map((record) => record.accepted_at)]);
  const stamped: ConsentRecord[] = [];
  const carried: ConsentRecord[] = [];
  for (const record of touched) {
    stamped.push(await s.update(consentRecords, record.id, { withdrawn_at }));
    // when it is written down is the database's to say
    const { id: _, created_at: __, ...rest } = record;
    const consent_categories = rest.consent_categories.filter((category) => !isWithdrawn(category));
    if (consent_categories.length === 0) continue;
    carried.push(await s.insert(consentRecords, { ...rest, consent_categories }));
  }
  const withdrawn = [
    ...new Set(touched.flatMap((record) => record.consent_categories.filter(isWithdrawn))),
  ].sort();
  await recordEvent(s, {
    event_type: 'consent.withdrawn',
    event_category: 'consent',
    user_id: s.actor ?? subject_id,
    resource_type: 'consent_record',
    resource_id: touched[0]?.id ?? null,
    details: {
      subject_id,
      categories: withdrawn,
      stamped: stamped.map((record) => record.id),
      carried: carried.map((record) => record.id),
    },
  });
  return { withdrawn_at, categories: withdrawn, stamped, carried };
};

const lockActive = async (s: WillsSession, subject_id: string): Promise<ConsentRecord[]> => {
  const ofSubject = s.query.selectFrom('consent_records').where('subject_id', '=', subject_id);
  // all of the person's records, withdrawn ones too: one who waits here must then see what the other carried on
  await ofSubject.select('id').orderBy('id').forUpdate().execute();
  return ofSubject
    .selectAll()
    .where('withdrawn_at', 'is', null)
    .orderBy('accepted_at')
    .orderBy('id')
    .execute();
};
