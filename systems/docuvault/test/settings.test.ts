import { docuvaultSettings } from '@ashlar/docuvault';
import { expect, it } from 'vitest';

it('the settings have defaults and come from the environment', () => {
  expect(docuvaultSettings({})).toEqual({
    blob_dir: 'data/blobs',
    quota_bytes: 104_857_600,
    max_upload_bytes: 52_428_800,
    refresh_token_days: 30,
  });
  expect(
    docuvaultSettings({ BLOB_DIR: '/srv/blobs', QUOTA_BYTES: '1000', REFRESH_TOKEN_DAYS: '7' }),
  ).toMatchObject({
    blob_dir: '/srv/blobs',
    quota_bytes: 1_000,
    refresh_token_days: 7,
  });
});

it.each([
  { BLOB_DIR: '' },
  { QUOTA_BYTES: 'much' },
  { MAX_UPLOAD_BYTES: '0' },
  { REFRESH_TOKEN_DAYS: '1.5' },
])('the settings refuse %j with the name of the variable', (env) => {
  const [name = ''] = Object.keys(env);
  const read = () => docuvaultSettings(env);
  expect(read).toThrow(
    expect.objectContaining({ code: 'settings-invalid', detail: expect.stringContaining(name) }),
  );
});
