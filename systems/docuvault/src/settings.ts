import { parseSettings } from 'ashlar';
import { z } from 'zod';
import { defaultQuota } from './tables.js';

const wholeNumber = (defaultValue: number) =>
  z.coerce
    .number('is not a number')
    .int('is not a whole number')
    .min(1, 'is less than 1')
    .max(Number.MAX_SAFE_INTEGER)
    .default(defaultValue);

/** The environment variables of this system. */
export const variables = z.object({
  BLOB_DIR: z
    .string()
    .min(1, 'is empty')
    .default('data/blobs')
    .describe('the folder that stores the content of documents'),
  QUOTA_BYTES: wholeNumber(defaultQuota),
  MAX_UPLOAD_BYTES: wholeNumber(52_428_800),
  REFRESH_TOKEN_DAYS: wholeNumber(30),
});

/** The settings of this system. `connect` reads `COLUMN_KEY`, the encryption key. */
export interface DocuvaultSettings {
  /** `BLOB_DIR`: the folder that stores the content of documents. Default `data/blobs`. */
  readonly blob_dir: string;
  /** `QUOTA_BYTES`: the quota of a new user, in bytes. Default 100 MiB. */
  readonly quota_bytes: number;
  /** `MAX_UPLOAD_BYTES`: the maximum size of a document, in bytes. Default 50 MiB. */
  readonly max_upload_bytes: number;
  /** `REFRESH_TOKEN_DAYS`: the lifetime of an unused refresh token, in days. Default 30. */
  readonly refresh_token_days: number;
}

/**
 * Reads and validates the settings of this system. The environment is read on this call, not on import.
 *
 * @throws AshlarError `settings-invalid`, which names the invalid variables
 */
export function docuvaultSettings(env: NodeJS.Dict<string> = process.env): DocuvaultSettings {
  const { BLOB_DIR, QUOTA_BYTES, MAX_UPLOAD_BYTES, REFRESH_TOKEN_DAYS } = parseSettings(
    'docuvault',
    variables,
    env,
  );
  return {
    blob_dir: BLOB_DIR,
    quota_bytes: QUOTA_BYTES,
    max_upload_bytes: MAX_UPLOAD_BYTES,
    refresh_token_days: REFRESH_TOKEN_DAYS,
  };
}
