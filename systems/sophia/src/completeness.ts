/** What each part of a dossier counts for in its completeness, in percent: one hundred together. */
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

/** What must be known before a first text can be written for a client: who it is, for whom, about what, and what never to say. */
export const mvpFields = [
  'business_description',
  'geography_area',
  'target_audience',
  'content_pillars',
  'guardrails',
] as const;

type WeighedField = keyof typeof completenessWeights;
type MvpField = (typeof mvpFields)[number];

/**
 * How complete a dossier is: the sum of the weights of the parts that are not `null`. Name and industry, which every
 * client has, count for nothing; neither do `geography_radius_km`, `market_scope` and `onboarding_state`.
 *
 * @returns 0 to 100
 */
export const profileCompleteness = (client: Readonly<Record<WeighedField, unknown>>): number =>
  Object.entries(completenessWeights).reduce(
    (sum, [field, weight]) => sum + (client[field as WeighedField] === null ? 0 : weight),
    0,
  );

/** Whether enough is known of a client to write a first text: none of {@link mvpFields} is `null`. */
export const isMvpReady = (client: Readonly<Record<MvpField, unknown>>): boolean =>
  mvpFields.every((field) => client[field] !== null);

/** {@link profileCompleteness} as SQL, so that the database holds each row to it. */
export const completenessSql = Object.entries(completenessWeights)
  .map(([field, weight]) => `CASE WHEN ${field} IS NULL THEN 0 ELSE ${weight} END`)
  .join(' + ');

/** {@link isMvpReady} as SQL. */
export const mvpReadySql = mvpFields.map((field) => `${field} IS NOT NULL`).join(' AND ');
