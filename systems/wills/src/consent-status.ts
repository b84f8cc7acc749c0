import type { WillsSettings } from './settings.js';
import type { ConsentRecord, WillsSession } from './tables.js';
import { earliest, latest } from './timestamps.js';

/** The state of a person's consent to one category. */
export interface ConsentState {
  readonly granted: boolean;
  /** The time since which the consent has been granted without interruption; `null` if it is not granted. */
  readonly since: string | null;
  /** The time of the last withdrawal; `null` if the consent is granted. */
  readonly withdrawn_at: string | null;
  /** Whether the person must be asked again, because each acceptance is of an outdated version of a text. */
  readonly reconsentDue: boolean;
}

/** The state of a person's consent to each category that the person has ever accepted. */
export type ConsentStatus = Readonly<Record<string, ConsentState>>;

const collator = new Intl.Collator('en', { numeric: true });

// numeric order: 1.10 is newer than 1.9, and 2026-02 than 2026-01
const isOutdated: Differs = (accepted, current) => collator.compare(current, accepted) > 0;

/** Compares the version of a text that a person accepted with the one in force. */
export type Differs = (accepted: string, current: string) => boolean;

/** Whether a person accepted another version than the one in force, also one that never was. `1.0` is `1.00`. */
export const isAnother: Differs = (accepted, current) => collator.compare(current, accepted) !== 0;

const stateOf = (
  records: readonly ConsentRecord[],
  versions: WillsSettings,
  differs: Differs,
): ConsentState => {
  const active = records.filter((record) => record.withdrawn_at === null);
  if (active.length === 0) {
    const withdrawn_at = latest(records.flatMap((record) => record.withdrawn_at ?? []));
    return { granted: false, since: null, withdrawn_at, reconsentDue: false };
  }
  return {
    granted: true,
    since: earliest(active.map((record) => record.accepted_at)),
    withdrawn_at: null,
    reconsentDue: active.every(
      (record) =>
        differs(record.consent_version, versions.consent_version) ||
        differs(record.privacy_policy_version, versions.privacy_policy_version),
    ),
  };
};

/**
 * Returns the state of a person's consent to each category that the person has ever accepted.
 *
 * @param versions - the versions in force, as `willsSettings()` returns them
 * @param differs - when a person must be asked again. Default: when each acceptance is of an older version
 */
export async function consentStatus(
  s: WillsSession,
  subject_id: string,
  versions: WillsSettings,
  differs: Differs = isOutdated,
): Promise<ConsentStatus> {
  const records = await s.query
    .selectFrom('consent_records')
    .selectAll()
    .where('subject_id', '=', subject_id)
    .execute();
  const categories = [...new Set(records.flatMap((record) => record.consent_categories))].sort();
  return Object.fromEntries(
    categories.map((category) => [
      category,
      stateOf(
        records.filter((record) => record.consent_categories.includes(category)),
        versions,
        differs,
      ),
    ]),
  );
}
