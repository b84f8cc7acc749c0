import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type DocuvaultSettings,
  docuvaultSettings,
  logIn,
  quotaOf,
  rotateToken,
  type Vault,
  vaultOf,
} from '@ashlar/docuvault';
import { Secret } from 'ashlar';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { variables } from '../src/settings.js';
import { type S3Server, startS3 } from './s3-server.js';
import { adminOf, cheap, type OpenVault, openVault, password, someUser, store } from './support.js';

it('the settings have defaults and come from the environment', () => {
  expect(docuvaultSettings({})).toEqual({
    blob_dir: 'data/blobs',
    quota_bytes: 104_857_600,
    max_upload_bytes: 52_428_800,
    refresh_token_days: 30,
    s3: undefined,
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
  { REFRESH_TOKEN_DAYS: '3651' },
  { REFRESH_TOKEN_DAYS: '9007199254740991' },
  { S3_URL: 'ftp://example.org/bucket' },
  { S3_URL: 'https://example.org/bucket' },
  { S3_REGION: '' },
  { S3_ACCESS_KEY_ID: '' },
  { S3_SECRET_ACCESS_KEY: '' },
])('the settings refuse %j with the name of the variable', (env) => {
  const [name = ''] = Object.keys(env);
  const read = () => docuvaultSettings(env);
  expect(read).toThrow(
    expect.objectContaining({ code: 'settings-invalid', detail: expect.stringContaining(name) }),
  );
});

it('the secret of the bucket is not printed with the settings', () => {
  const { s3 } = docuvaultSettings({
    S3_URL: 'https://example.org/bucket',
    S3_ACCESS_KEY_ID: 'id',
    S3_SECRET_ACCESS_KEY: 'very secret',
  });
  expect(s3?.secret_access_key).toBeInstanceOf(Secret);
  expect(JSON.stringify(s3)).not.toContain('very secret');
});

describe.each(engines)('a setting of docuvault on $name', (engine) => {
  let open: OpenVault;
  let s3: S3Server;
  beforeAll(async () => {
    [open, s3] = [await openVault(engine), await startS3()];
  });
  afterAll(async () => {
    await open.remove();
    await s3.stop();
  });
  const names = Object.keys(variables.shape);
  const before = Object.fromEntries(names.map((name) => [name, process.env[name]]));
  afterEach(() => {
    for (const [name, value] of Object.entries(before))
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  });

  const daysLeft = (expires_at: string) => Math.round((Date.parse(expires_at) - Date.now()) / 86_400_000);
  /** Stores a document as a new user in a vault, and returns the store's files. */
  const storeIn = async (vault: Vault) => store(vault, await someUser(open.db), 'text');
  const inBucket = (changes: NodeJS.Dict<string> = {}): DocuvaultSettings =>
    docuvaultSettings({ ...s3.environment, BLOB_DIR: open.folder, ...changes });

  // each variable, with what it changes when it is the only one that is set
  const changes: Readonly<Record<string, () => Promise<void>>> = {
    QUOTA_BYTES: async () => {
      process.env.QUOTA_BYTES = '1234';
      const user = await someUser(open.db);
      expect(await open.db.read((s) => quotaOf(s, user))).toMatchObject({ limit_bytes: 1_234 });
    },
    MAX_UPLOAD_BYTES: async () => {
      const user = await someUser(open.db);
      await store(open.vault, user, '123456');
      process.env.MAX_UPLOAD_BYTES = '5';
      await expect(store(open.vault, user, '123456')).rejects.toMatchObject({ code: 'size-exceeded' });
      await store(open.vault, user, '12345');
    },
    REFRESH_TOKEN_DAYS: async () => {
      const { handle, token } = await someUser(open.db);
      process.env.REFRESH_TOKEN_DAYS = '3';
      const login = await logIn(open.db, { login: handle, password }, { cost: cheap });
      const next = await open.db.session((s) => rotateToken(s, token));
      expect([login, next].map((each) => each.ok && daysLeft(each.expires_at))).toEqual([3, 3]);
    },
    BLOB_DIR: async () => {
      process.env.BLOB_DIR = join(open.folder, 'elsewhere');
      await storeIn(vaultOf(open.db));
      expect(await readdir(join(open.folder, 'elsewhere'))).toEqual(['incoming', 'objects', 'owner']);
    },
    S3_URL: async () => {
      Object.assign(process.env, s3.environment, { BLOB_DIR: join(open.folder, 'received') });
      const { object_key } = await storeIn(vaultOf(open.db));
      expect(s3.keys()).toContain(object_key);
      expect(await readdir(join(open.folder, 'received'))).toEqual(['incoming']);
    },
    S3_REGION: async () => {
      // the region is part of what is signed
      await storeIn(vaultOf(open.db, inBucket()));
      const wrong = vaultOf(open.db, inBucket({ S3_REGION: 'eu-north-9' }));
      await expect(storeIn(wrong)).rejects.toMatchObject({ code: 'store-failed' });
    },
    S3_ACCESS_KEY_ID: async () => {
      const wrong = vaultOf(open.db, inBucket({ S3_ACCESS_KEY_ID: 'nobody' }));
      await expect(storeIn(wrong)).rejects.toMatchObject({ code: 'store-failed' });
    },
    S3_SECRET_ACCESS_KEY: async () => {
      const wrong = vaultOf(open.db, inBucket({ S3_SECRET_ACCESS_KEY: 'wrong' }));
      const error = await storeIn(wrong).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'store-failed' });
      expect(JSON.stringify(error)).not.toContain('wrong');
    },
  };

  it('has a test of its own here', () => {
    expect(Object.keys(changes).sort()).toEqual(names.sort());
  });

  it.each(names)('%s applies', async (name) => {
    await adminOf(open.db);
    await changes[name]?.();
  });
});
