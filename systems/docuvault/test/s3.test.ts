import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type BlobStore,
  deleteDocument,
  docuvaultSettings,
  replaceContent,
  s3Store,
  sweep,
  type Vault,
  vaultOf,
} from '@ashlar/docuvault';
import { Secret } from 'ashlar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oneOfEach } from '../../../test/support/engines.js';
import { type S3Server, startS3 } from './s3-server.js';
import { type OpenVault, openVault, someUser, store, type TestUser, textOf } from './support.js';

// the store is the same on every engine; what differs is the transaction around it
describe.each(oneOfEach(import.meta.url).engines)('documents in a bucket, with rows on $name', (engine) => {
  let open: OpenVault;
  let s3: S3Server;
  let vault: Vault;
  let user: TestUser;
  beforeAll(async () => {
    [open, s3] = [await openVault(engine), await startS3()];
    vault = vaultOf(open.db, docuvaultSettings({ ...s3.environment, BLOB_DIR: open.folder }));
    user = await someUser(open.db);
  });
  afterAll(async () => {
    await open.remove();
    await s3.stop();
  });
  const storeOf = (
    options: { grace_hours?: number; url?: string; timeout_seconds?: number } = {},
  ): BlobStore =>
    s3Store({
      url: s3.environment.S3_URL ?? '',
      region: 'us-east-1',
      access_key_id: s3.environment.S3_ACCESS_KEY_ID ?? '',
      secret_access_key: new Secret(s3.environment.S3_SECRET_ACCESS_KEY ?? ''),
      folder: open.folder,
      ...options,
    });
  const of = (document: { id: string }) => ({ login_token: user.login_token, document_id: document.id });

  it('are stored under their object_key, read back, replaced and deleted', async () => {
    const document = await store(vault, user, 'first', { filename: 'a.txt' });
    expect(s3.keys()).toEqual([document.object_key]);
    expect(await textOf(vault, of(document))).toBe('first');
    const replaced = await replaceContent(vault, { ...of(document), content: Buffer.from('second') });
    expect(s3.keys()).toEqual([replaced.object_key]);
    expect(await textOf(vault, of(document))).toBe('second');
    await deleteDocument(vault, of(document));
    expect(s3.keys()).toEqual([]);
  });

  it('can be streams of many parts, can be empty, and leave no local copy', async () => {
    const parts = async function* () {
      for (let n = 0; n < 64; n++) yield Buffer.alloc(65_536, n);
    };
    const large = await store(vault, user, '', { content: parts() });
    expect(large.size_bytes).toBe(64 * 65_536);
    expect((await textOf(vault, of(large))).length).toBe(64 * 65_536);
    const empty = await store(vault, user, '');
    expect(await textOf(vault, of(empty))).toBe('');
    expect(await readdir(join(open.folder, 'incoming'))).toEqual([]);
    for (const document of [large, empty]) await deleteDocument(vault, of(document));
  });

  it('leave no object when the row is refused', async () => {
    await expect(store(vault, user, 'text', { filename: '' })).rejects.toMatchObject({
      code: 'value-invalid',
    });
    expect(s3.keys()).toEqual([]);
  });

  it('leave no row when the bucket does not exist or the server does not answer', async () => {
    const away = [
      storeOf({ url: `${new URL(s3.environment.S3_URL ?? '').origin}/nowhere` }),
      storeOf({ url: 'http://127.0.0.1:9/documents', timeout_seconds: 2 }),
    ];
    for (const blobs of away) {
      await expect(store({ ...vault, blobs }, user, 'text')).rejects.toMatchObject({ code: 'store-failed' });
      await expect(sweep({ db: open.db, blobs })).rejects.toMatchObject({ code: 'store-failed' });
    }
    const count = await open.db.read((s) => s.query.selectFrom('documents').select('id').execute());
    expect(count).toEqual([]);
  });

  it('are swept: an object without a row after the time of grace, and nothing else', async () => {
    const [kept, lost] = [await store(vault, user, 'kept'), await store(vault, user, 'lost')];
    const orphan = randomUUID();
    s3.put(orphan, 'orphan');
    s3.put('somebody-elses.txt', 'of another program in the bucket');
    const nothing = { abandoned: 0, unreferenced: [], missing: [], adopted: 0 };
    // it may belong to an upload whose row is about to be written
    expect(await sweep({ db: open.db, blobs: storeOf() })).toEqual(nothing);
    await storeOf().remove(lost.object_key);
    expect(await sweep({ db: open.db, blobs: storeOf({ grace_hours: 0 }) })).toEqual({
      ...nothing,
      unreferenced: [orphan],
      missing: [lost.object_key],
    });
    expect(s3.keys()).toEqual([kept.object_key, 'somebody-elses.txt'].sort());
    expect(await textOf(vault, of(kept))).toBe('kept');
  });

  it('are refused when their row comes so late that a sweep could have removed them', async () => {
    const late = { ...vault, blobs: storeOf({ grace_hours: 0 }) };
    const before = s3.keys();
    await expect(store(late, user, 'late')).rejects.toMatchObject({
      code: 'store-failed',
      message: expect.stringContaining('too long after'),
    });
    expect(s3.keys()).toEqual(before);
  });

  it('are listed page by page, however many there are', async () => {
    const keys = Array.from({ length: 1_005 }, () => randomUUID());
    for (const key of keys) s3.put(key, 'x');
    const all = { db: open.db, blobs: storeOf({ grace_hours: 0 }) };
    // the rows of a restored database would be missing in the same way
    await expect(sweep(all)).rejects.toMatchObject({ code: 'state-conflict' });
    expect(s3.keys()).toEqual(expect.arrayContaining(keys));
    const { unreferenced } = await sweep(all, { all: true });
    expect(unreferenced.toSorted()).toEqual(keys.toSorted());
  });
});
