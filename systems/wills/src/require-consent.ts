import { AshlarError } from 'ashlar';
import { consentStatus, isAnother } from './consent-status.js';
import { type WillsSettings, willsSettings } from './settings.js';
import type { WillsSession } from './tables.js';

/**
 * Throws unless a person has consented to a category, under exactly the texts in force. Call it first in each service that
 * processes data for a purpose.
 *
 * @param category - a category as `grantConsent` recorded it
 * @param versions - the versions in force. Default: the settings CONSENT_VERSION and PRIVACY_POLICY_VERSION
 * @throws AshlarError `consent-required`; `settings-invalid`
 *
 * @example
 * await requireConsent(s, subject_id, 'drafting');
 */
export async function requireConsent(
  s: WillsSession,
  subject_id: string,
  category: string,
  versions: WillsSettings = willsSettings(),
): Promise<void> {
  const status = await consentStatus(s, subject_id, versions, isAnother);
  const state = Object.hasOwn(status, category) ? status[category] : undefined;
  if (state?.granted && !state.reconsentDue) return;
  throw new AshlarError('consent-required', {
    message: `The person’s consent to ${category} is required.`,
    detail: state?.granted
      ? 'The person consented to another version of the texts than the one in force.'
      : state?.withdrawn_at
        ? `The person withdrew this consent at ${state.withdrawn_at}.`
        : 'The person has never given this consent.',
    suggestion: 'Ask the person for consent, and record it with grantConsent.',
  });
}
