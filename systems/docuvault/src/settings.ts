import { parseSettings } from 'ashlar';
import { z } from 'zod';
import { defaultQuota } from './tables.js';

const wholeNumber = (standard: number) =>
  z.coerce
    .number('is no number')
    .int('is no whole number')
    .min(1, 'is less than 1')
    .max(Number.MAX_SAFE_INTEGER)
    .default(standard);

/** The environment variables of this system. */
export const variables = z.object({
  BLOB_DIR: z
    .string()
    .min(1, 'is empty')
    .default('data/blobs')
    .describe('the folder of the documents’ bytes'),
  QUOTA_BYTES: wholeNumber(defaultQuota),
  MAX_UPLOAD_BYTES: wholeNumber(52_428_800),
  REFRESH_TOKEN_DAYS: wholeNumber(30),
});

/** What a service of this system is set up with. `COLUMN_KEY`, which encrypts, is read by `connect`. */
export interface DocuvaultSettings {
  /** `BLOB_DIR`: the folder of the documents' bytes. Default `data/blobs`. */
  readonly blob_dir: string;
  /** `QUOTA_BYTES`: what a new user may keep. Default 100 MiB. */
  readonly quota_bytes: number;
  /** `MAX_UPLOAD_BYTES`: the largest document. Default 50 MiB. */
  readonly max_upload_bytes: number;
  /** `REFRESH_TOKEN_DAYS`: how long a refresh token may lie unused. Default 30. */
  readonly refresh_token_days: number;
}

/**
 * Reads and checks the settings of this system. Importing needs no environment; calling this does.
 *
 * @throws AshlarError `settings-invalid`, naming the variables that do not fit
 */
export const docuvaultSettings = (env: NodeJS.Dict<string> = process.env): DocuvaultSettings => {
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
};
