import { earliest, latest } from './moments.js';
import type { WillsSettings } from './settings.js';
import type { ConsentRecord, WillsSession } from './tables.js';

/** Where a person's consent to one category stands. */
export interface ConsentState {
  readonly granted: boolean;
  /** Since when it has been granted without a break; `null` where it is not. */
  readonly since: string | null;
  /** When it was last withdrawn; `null` where it is granted. */
  readonly withdrawn_at: string | null;
  /** Granted, but never under texts as new as today's: the person must be asked again. */
  readonly reconsentDue: boolean;
}

/** The state of each category the person ever consented to. */
export type ConsentStatus = Readonly<Record<string, ConsentState>>;

const collator = new Intl.Collator('en', { numeric: true });

// 1.10 is newer than 1.9, and 2026-02 than 2026-01
const isOutdated = (accepted: string, current: string): boolean => collator.compare(current, accepted) > 0;

const stateOf = (records: readonly ConsentRecord[], versions: WillsSettings): ConsentState => {
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
        isOutdated(record.consent_version, versions.consent_version) ||
        isOutdated(record.privacy_policy_version, versions.privacy_policy_version),
    ),
  };
};

/**
 * Where a person's consent stands, category by category.
 *
 * @param versions - the versions in force now, as `willsSettings()` gives them
 */
export const consentStatus = async (
  s: WillsSession,
  subject_id: string,
  versions: WillsSettings,
): Promise<ConsentStatus> => {
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
      ),
    ]),
  );
};
