/** The weight of each field in the completeness of a dossier, in percent. The weights add up to 100. */
export const completenessWeights = {
  business_description: 15,
  target_audience: 15,
  content_pillars: 15,
  geography_area: 10,
  posting_cadence: 10,
  platform_accounts: 10,
  guardrails: 10,
  industry_vertical: 5,
  brand_assets: 5,
  competitors: 5,
} as const;

/** The fields of a dossier that must be filled before a first text can be written for the client. */
export const mvpFields = [
  'business_description',
  'geography_area',
  'target_audience',
  'content_pillars',
  'guardrails',
] as const;

type WeightedField = keyof typeof completenessWeights;
type MvpField = (typeof mvpFields)[number];

/**
 * Computes the completeness of a dossier: the sum of the weights of the fields that are not `null`. Fields without a
 * weight do not count: name and industry, which every client has, `geography_radius_km`, `market_scope` and
 * `onboarding_state`.
 *
 * @returns percent, 0 to 100
 */
export function profileCompleteness(client: Readonly<Record<WeightedField, unknown>>): number {
  return Object.entries(completenessWeights).reduce(
    (sum, [field, weight]) => sum + (client[field as WeightedField] === null ? 0 : weight),
    0,
  );
}

/** Tells whether a first text can be written for a client, that is, whether none of the {@link mvpFields} is `null`. */
export function isMvpReady(client: Readonly<Record<MvpField, unknown>>): boolean {
  return mvpFields.every((field) => client[field] !== null);
}

/** The SQL expression that computes {@link profileCompleteness}, for the CHECK constraint on the stored percentage. */
export const completenessSql = Object.entries(completenessWeights)
  .map(([field, weight]) => `CASE WHEN ${field} IS NULL THEN 0 ELSE ${weight} END`)
  .join(' + ');

/** The SQL expression that computes {@link isMvpReady}, for the CHECK constraint on the stored flag. */
export const mvpReadySql = mvpFields.map((field) => `${field} IS NOT NULL`).join(' AND ');
