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

/** The settings of this system: the current versions of the texts that people are asked to accept. */
export interface WillsSettings {
  /** `CONSENT_VERSION`: the current version of the consent text. Default `1.0`. */
  readonly consent_version: string;
  /** `PRIVACY_POLICY_VERSION`: the current version of the privacy policy. Default `1.0`. */
  readonly privacy_policy_version: string;
}

/**
 * Reads and validates the settings of this system. The environment is read on this call, not on import.
 *
 * @throws AshlarError `settings-invalid`, which names the invalid variables
 */
export function willsSettings(env: NodeJS.Dict<string> = process.env): WillsSettings {
  const { CONSENT_VERSION: consent_version, PRIVACY_POLICY_VERSION: privacy_policy_version } = parseSettings(
    'wills',
    variables,
    env,
  );
  return { consent_version, privacy_policy_version };
}
