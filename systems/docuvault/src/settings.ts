import { parseSettings, Secret } from 'ashlar';
import { z } from 'zod';
import { defaultQuota } from './tables.js';

const wholeNumber = (defaultValue: number, most = Number.MAX_SAFE_INTEGER) =>
  z.coerce
    .number('is not a number')
    .int('is not a whole number')
    .min(1, 'is less than 1')
    .max(most, `is more than ${most.toLocaleString('en')}`)
    .default(defaultValue);

/** The longest that an unused login may last, in days: ten years. */
export const longestLogin = 3_650;

/** The environment variables of this system. */
export const variables = z.object({
  BLOB_DIR: z
    .string()
    .min(1, 'is empty')
    .default('data/blobs')
    .describe('the folder that stores the content of documents; with S3_URL, the folder that receives it'),
  QUOTA_BYTES: wholeNumber(defaultQuota).describe('the quota of a new user, in bytes'),
  MAX_UPLOAD_BYTES: wholeNumber(52_428_800).describe('the maximum size of a document, in bytes'),
  REFRESH_TOKEN_DAYS: wholeNumber(30, longestLogin).describe('after how many days without use a login ends'),
  S3_URL: z
    .url({ protocol: /^https?$/, error: 'is not an http or https URL' })
    .optional()
    .describe('the bucket that stores the content of documents, as a URL: https://s3.example.org/bucket'),
  S3_REGION: z.string().min(1, 'is empty').default('us-east-1').describe('the region of the bucket'),
  S3_ACCESS_KEY_ID: z.string().min(1, 'is empty').optional().describe('the access key of the bucket'),
  S3_SECRET_ACCESS_KEY: z.string().min(1, 'is empty').optional().describe('the secret of the access key'),
});

// a refinement, so that `variables.shape` and `variables.pick` stay available to commands
const complete = variables.refine(
  ({ S3_URL, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY }) =>
    S3_URL === undefined || (S3_ACCESS_KEY_ID !== undefined && S3_SECRET_ACCESS_KEY !== undefined),
  { path: ['S3_URL'], message: 'needs S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY too' },
);

/** Where a bucket is, and who writes to it. */
export interface S3Settings {
  /** The URL of the bucket: the endpoint, and the bucket's name as the path or as the first label of the host. */
  readonly url: string;
  readonly region: string;
  readonly access_key_id: string;
  readonly secret_access_key: Secret;
}

/** The settings of this system. `connect` reads `COLUMN_KEY`, the encryption key. */
export interface DocuvaultSettings {
  /** `BLOB_DIR`: the folder that stores the content of documents. Default `data/blobs`. */
  readonly blob_dir: string;
  /** `QUOTA_BYTES`: the quota of a new user, in bytes. Default 100 MiB. */
  readonly quota_bytes: number;
  /** `MAX_UPLOAD_BYTES`: the maximum size of a document, in bytes. Default 50 MiB. */
  readonly max_upload_bytes: number;
  /** `REFRESH_TOKEN_DAYS`: after how many days without use a login ends. Default 30. */
  readonly refresh_token_days: number;
  /** `S3_URL`, `S3_REGION`, `S3_ACCESS_KEY_ID`, `S3_SECRET_ACCESS_KEY`: the bucket; `undefined` for the disk. */
  readonly s3: S3Settings | undefined;
}

/**
 * Reads and validates the settings of this system. The environment is read on this call, not on import. Services read
 * the settings that they are not given with this function.
 *
 * @throws AshlarError `settings-invalid`, which names the invalid variables
 */
export function docuvaultSettings(env: NodeJS.Dict<string> = process.env): DocuvaultSettings {
  const given = parseSettings('docuvault', complete, env);
  return {
    blob_dir: given.BLOB_DIR,
    quota_bytes: given.QUOTA_BYTES,
    max_upload_bytes: given.MAX_UPLOAD_BYTES,
    refresh_token_days: given.REFRESH_TOKEN_DAYS,
    s3:
      given.S3_URL === undefined
        ? undefined
        : {
            url: given.S3_URL,
            region: given.S3_REGION,
            access_key_id: given.S3_ACCESS_KEY_ID ?? '',
            secret_access_key: new Secret(given.S3_SECRET_ACCESS_KEY ?? ''),
          },
  };
}
