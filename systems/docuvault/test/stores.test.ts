import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  deleteDocument,
  deleteUser,
  diskStore,
  docuvaultSettings,
  replaceContent,
  sweep,
  vaultOf,
} from '@ashlar/docuvault';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oneOfEach } from '../../../test/support/engines.js';
import { startS3 } from './s3-server.js';
import { adminOf, filesIn, fresh, type OpenVault, openVault, someUser, store, textOf } from './support.js';

// the stores are the same on every engine; what differs is the transaction around them
describe.each(oneOfEach(import.meta.url).engines)('a store of content, with rows on $name', (engine) => {
  let open: OpenVault;
  let other: OpenVault;
  beforeAll(async () => {
    [open, other] = [await openVault(engine), await openVault(engine)];
  });
  afterAll(async () => {
    await open.remove();
    await other.remove();
  });

  it.each(['the disk', 'a bucket'])(
    'on %s that belongs to another database is neither swept nor used',
    async (kind) => {
      const s3 = await startS3();
      const folder = join(open.folder, fresh('store'));
      const settings = docuvaultSettings({
        ...(kind === 'a bucket' ? s3.environment : {}),
        BLOB_DIR: folder,
      });
      const mine = vaultOf(open.db, settings);
      try {
        const user = await someUser(open.db);
        const document = await store(mine, user, 'needed');
        const theirs = vaultOf(other.db, settings);
        const conflict = { code: 'state-conflict', message: expect.stringContaining('another database') };
        await expect(sweep(theirs)).rejects.toMatchObject(conflict);
        await expect(sweep(theirs, { all: true, drop_former: true })).rejects.toMatchObject(conflict);
        await expect(store(theirs, await someUser(other.db), 'x')).rejects.toMatchObject(conflict);
        const ref = { login_token: user.login_token, document_id: document.id };
        expect(await textOf(mine, ref)).toBe('needed');
        const swept = await sweep(vaultOf(open.db, settings));
        expect(swept.unreferenced).toEqual([]);
        expect(swept.missing).not.toContain(document.object_key);
      } finally {
        await s3.stop();
      }
    },
  );

  it('without a mark, as of version 0.1, loses nothing to a sweep without --all', async () => {
    const folder = join(open.folder, fresh('old'));
    const [key, hash] = [randomUUID(), 'ab'.repeat(32)];
    for (const name of [key, hash]) {
      await mkdir(join(folder, 'objects', name.slice(0, 2)), { recursive: true });
      await writeFile(join(folder, 'objects', name.slice(0, 2), name), 'content');
    }
    const vault = { db: other.db, blobs: diskStore(folder) };
    for (let twice = 0; twice < 2; twice++)
      await expect(sweep(vault)).rejects.toMatchObject({ code: 'state-conflict' });
    expect(await filesIn(folder)).toEqual([key, hash].sort());
    expect(await sweep(vault, { all: true })).toMatchObject({ unreferenced: [key] });
    expect(await filesIn(folder)).toEqual([hash]);
    await sweep(vault, { drop_former: true });
    expect(await filesIn(folder)).toEqual([]);
  });

  it('is called by no session: others write while it does not answer', async () => {
    const [user, gone, admin] = [await someUser(other.db), await someUser(other.db), await adminOf(other.db)];
    const called = new Set<string>();
    // each call writes in another session, which waits for the locks of the caller, if it has any
    const write = (name: string) => {
      called.add(name);
      expect(other.db.inSession, name).toBe(false);
      return writes();
    };
    const writes = () => other.db.session((s) => s.query.deleteFrom('groups').execute());
    const watched = Object.fromEntries(
      Object.entries(other.blobs).map(([name, call]) => [
        name,
        name === 'list'
          ? call
          : async (...args: never[]) => {
              await write(name);
              const result = await (call as (...all: never[]) => unknown)(...args);
              if (name !== 'stage') return result;
              const staged = result as Awaited<ReturnType<typeof other.blobs.stage>>;
              return {
                ...staged,
                store: async () => {
                  await write('store');
                  await staged.store();
                },
                discard: async () => {
                  await write('discard');
                  await staged.discard();
                },
              };
            },
      ]),
    ) as unknown as typeof other.blobs;
    const vault = { db: other.db, blobs: watched };
    const document = await store(vault, user, 'one');
    await replaceContent(vault, {
      login_token: user.login_token,
      document_id: document.id,
      content: Buffer.from('2'),
    });
    await deleteDocument(vault, { login_token: user.login_token, document_id: document.id });
    await expect(store(vault, user, 'x', { filename: '' })).rejects.toMatchObject({ code: 'value-invalid' });
    await store(vault, user, 'kept');
    await store(vault, gone, 'two');
    await deleteUser(vault, { login_token: admin.login_token, user_id: gone.id });
    await sweep(vault, { drop_former: true });
    expect([...called].sort()).toEqual([
      'clean',
      'discard',
      'dropFormer',
      'has',
      'mark',
      'remove',
      'setMark',
      'stage',
      'store',
    ]);
  });
});
