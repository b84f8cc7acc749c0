import { parseSettings } from 'ashlar';
import { z } from 'zod';

const variables = z.object({
  CONSENT_VERSION: z
    .string()
    .trim()
    .min(1, 'is empty')
    .max(50, 'is longer than 50 characters')
    .default('1.0'),
  PRIVACY_POLICY_VERSION: z
    .string()
    .trim()
    .min(1, 'is empty')
    .max(50, 'is longer than 50 characters')
    .default('1.0'),
});

/** The versions of the texts that people are asked to accept now. */
export interface WillsSettings {
  /** `CONSENT_VERSION`. Default `1.0`. */
  readonly consent_version: string;
  /** `PRIVACY_POLICY_VERSION`. Default `1.0`. */
  readonly privacy_policy_version: string;
}

/**
 * Reads and checks the settings of this system. Importing needs no environment; calling this does.
 *
 * @throws AshlarError `settings-invalid`, naming the variables that do not fit
 */
export const willsSettings = (env: NodeJS.Dict<string> = process.env): WillsSettings => {
  const { CONSENT_VERSION: consent_version, PRIVACY_POLICY_VERSION: privacy_policy_version } = parseSettings(
    'wills',
    variables,
    env,
  );
  return { consent_version, privacy_policy_version };
};
