import { createHash } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createFolder,
  type Document,
  deleteDocument,
  deleteFolderTree,
  documents,
  listDocuments,
  moveDocument,
  openDocument,
  queryEvents,
  quotaOf,
  replaceContent,
  shareDocument,
  sweep,
  type User,
  updateDocument,
} from '@ashlar/docuvault';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { filesIn, fresh, inspect, type OpenVault, openVault, someUser, store, textOf } from './support.js';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

describe.each(engines)('documents on $name', (engine) => {
  let open: OpenVault;
  let user: User;
  beforeAll(async () => {
    open = await openVault(engine);
  });
  afterAll(() => open.remove());
  beforeEach(async () => {
    user = await someUser(open.db, 1_000);
  });

  const of = (document: Document, by: User = user) => ({ user_id: by.id, document_id: document.id });
  const used = async () => (await open.db.read((s) => quotaOf(s, user.id))).used_bytes;

  it('are stored with their bytes, charged and read back', async () => {
    const text = fresh('text');
    const document = await store(open.vault, user, text, { filename: 'a.txt', ip_address: '192.0.2.1' });
    expect(document).toMatchObject({
      user_id: user.id,
      size_bytes: text.length,
      sha256: sha(text),
      folder_id: null,
    });
    expect(await textOf(open.vault, of(document))).toBe(text);
    expect(await used()).toBe(text.length);
    const { events } = await open.db.read((s) => queryEvents(s, { resource_id: document.id }));
    expect(events).toMatchObject([
      {
        action: 'document.uploaded',
        ip_address: '192.0.2.1',
        metadata: { filename: 'a.txt', size_bytes: text.length },
      },
    ]);
  });

  it('can be streams, and can be empty', async () => {
    const parts = async function* () {
      for (let n = 0; n < 10; n++) yield Buffer.from(String(n));
    };
    const streamed = await store(open.vault, user, '', { content: parts() });
    expect(await textOf(open.vault, of(streamed))).toBe('0123456789');
    expect(await textOf(open.vault, of(await store(open.vault, user, '')))).toBe('');
  });

  it('leave nothing when the stream fails, is too long or exceeds the quota', async () => {
    const before = await filesIn(open.folder);
    const broken = async function* () {
      yield Buffer.from('half');
      throw new RangeError('gone');
    };
    await expect(store(open.vault, user, '', { content: broken() })).rejects.toThrow(RangeError);
    await expect(store({ ...open.vault, max_upload_bytes: 5 }, user, '123456')).rejects.toMatchObject({
      code: 'size-exceeded',
    });
    await store(open.vault, user, fresh('x').padEnd(600, 'x'));
    const error = await store(open.vault, user, 'y'.repeat(401)).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: 'quota-exceeded',
      message: 'Quota exceeded: more than 400 bytes requested, 600 of 1000 bytes used, 400 free.',
    });
    expect(await filesIn(open.folder)).toHaveLength(before.length + 1);
    expect(await used()).toBe(600);
  });

  it('leave nothing when the row is refused', async () => {
    const before = await filesIn(open.folder);
    const folder = await open.db.session(async (s) =>
      createFolder(s, { user_id: (await someUser(open.db)).id, name: 'not mine' }),
    );
    await expect(store(open.vault, user, 'text', { filename: '' })).rejects.toMatchObject({
      code: 'value-invalid',
    });
    await expect(store(open.vault, user, 'text', { folder_id: folder.id })).rejects.toMatchObject({
      code: 'row-not-found',
    });
    await expect(store(open.vault, { id: folder.id }, 'text')).rejects.toMatchObject({
      code: 'row-not-found',
    });
    expect(await filesIn(open.folder)).toEqual(before);
    expect(await used()).toBe(0);
  });

  it('share equal bytes until the last of them is deleted', async () => {
    const text = fresh('same');
    const other = await someUser(open.db);
    const [mine, again] = [await store(open.vault, user, text), await store(open.vault, user, text)];
    const theirs = await store(open.vault, other, text);
    expect((await filesIn(open.folder)).filter((name) => name === sha(text))).toHaveLength(1);
    expect(await used()).toBe(2 * text.length);
    await deleteDocument(open.vault, of(mine));
    await deleteDocument(open.vault, of(again));
    expect(await used()).toBe(0);
    expect(await textOf(open.vault, of(theirs, other))).toBe(text);
    await deleteDocument(open.vault, of(theirs, other));
    expect(await filesIn(open.folder)).not.toContain(sha(text));
  });

  it('keep their bytes when equal bytes are deleted and stored concurrently', async () => {
    const text = fresh('raced');
    const other = await someUser(open.db);
    let mine = await store(open.vault, user, text);
    for (let round = 0; round < 6; round++) {
      const [, theirs, next] = await Promise.all([
        deleteDocument(open.vault, of(mine)),
        store(open.vault, other, text),
        store(open.vault, user, text),
      ]);
      expect(await textOf(open.vault, of(theirs, other))).toBe(text);
      await deleteDocument(open.vault, of(theirs, other));
      expect(await textOf(open.vault, of(next))).toBe(text);
      mine = next;
    }
    const { wrongQuotas, referenced, files } = await inspect(open);
    expect(wrongQuotas).toEqual([]);
    expect(files).toEqual(referenced);
  });

  it('keep their bytes when they are stored during the removal of equal bytes', async () => {
    const text = fresh('removed');
    const other = await someUser(open.db);
    const mine = await store(open.vault, user, text);
    let reached = (): void => undefined;
    const removing = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const slow = {
      ...open.blobs,
      remove: async (sha256: string) => {
        reached();
        await sleep(200);
        await open.blobs.remove(sha256);
      },
    };
    const deleting = deleteDocument({ ...open.vault, blobs: slow }, of(mine));
    await removing;
    const theirs = await store(open.vault, other, text);
    await deleting;
    expect(await textOf(open.vault, of(theirs, other))).toBe(text);
  });

  it('replaced while being opened are opened with the new content', async () => {
    const document = await store(open.vault, user, fresh('before'));
    const slow = {
      ...open.blobs,
      read: async (sha256: string) => {
        if (sha256 === document.sha256)
          await replaceContent(open.vault, { ...of(document), content: Buffer.from('after') });
        return open.blobs.read(sha256);
      },
    };
    expect(await textOf({ ...open.vault, blobs: slow }, of(document))).toBe('after');
  });

  it('can be replaced, and the quota is charged the difference', async () => {
    const document = await store(open.vault, user, 'first'.repeat(10), { extracted_text: 'first' });
    const replaced = await replaceContent(open.vault, { ...of(document), content: Buffer.from('second') });
    expect(replaced).toMatchObject({ id: document.id, size_bytes: 6, extracted_text: null });
    expect(await textOf(open.vault, of(document))).toBe('second');
    expect(await used()).toBe(6);
    expect(await filesIn(open.folder)).not.toContain(document.sha256);
    const full = await replaceContent(open.vault, { ...of(document), content: Buffer.alloc(1_000) });
    expect(full.size_bytes).toBe(1_000);
    await replaceContent(open.vault, { ...of(document), content: Buffer.from('second'.padEnd(1_000)) });
    await replaceContent(open.vault, { ...of(document), content: Buffer.from('second') });
    await expect(
      replaceContent(open.vault, { ...of(document), content: Buffer.alloc(1_001) }),
    ).rejects.toMatchObject({ code: 'quota-exceeded' });
    expect(await textOf(open.vault, of(document))).toBe('second');
  });

  it('can be renamed, moved and listed', async () => {
    const folder = await open.db.session((s) => createFolder(s, { user_id: user.id, name: 'in' }));
    const [a, b] = [await store(open.vault, user, 'a'), await store(open.vault, user, 'b')];
    await open.db.session(async (s) => {
      await updateDocument(s, of(a), {
        filename: 'z.md',
        content_type: 'text/markdown',
        extracted_text: 'a',
      });
      await moveDocument(s, { ...of(b), folder_id: folder.id });
    });
    const list = (folder_id?: string | null) =>
      open.db.read(async (s) =>
        (await listDocuments(s, { user_id: user.id, folder_id })).map(({ id }) => id),
      );
    expect(await list(null)).toEqual([a.id]);
    expect(await list(folder.id)).toEqual([b.id]);
    expect((await list()).sort()).toEqual([a.id, b.id].sort());
    expect(await open.db.get(documents, a.id)).toMatchObject({ filename: 'z.md', extracted_text: 'a' });
    await open.db.session((s) => moveDocument(s, { ...of(b), folder_id: null }));
    expect(await list(folder.id)).toEqual([]);
  });

  it('are deleted with their folder and its subfolders', async () => {
    const [top, inner] = await open.db.session(async (s) => {
      const outer = await createFolder(s, { user_id: user.id, name: 'top' });
      return [
        outer,
        await createFolder(s, { user_id: user.id, parent_id: outer.id, name: 'inner' }),
      ] as const;
    });
    const kept = await store(open.vault, user, 'kept');
    const gone = await store(open.vault, user, 'in top', { folder_id: top.id });
    await store(open.vault, user, 'kept', { folder_id: inner.id });
    expect(await deleteFolderTree(open.vault, { user_id: user.id, folder_id: top.id })).toEqual({
      folders: 2,
      documents: 2,
      bytes: 10,
    });
    expect(await used()).toBe(4);
    expect(await textOf(open.vault, of(kept))).toBe('kept');
    expect(await filesIn(open.folder)).not.toContain(gone.sha256);
  });

  it('are accessible to the recipients of their shares, with the given permission, and to no other user', async () => {
    const [reader, writer, outsider] = [
      await someUser(open.db),
      await someUser(open.db),
      await someUser(open.db),
    ];
    const document = await store(open.vault, user, 'text');
    await open.db.session(async (s) => {
      await shareDocument(s, { ...of(document), recipient_id: reader.id, permission: 'read' });
      await shareDocument(s, { ...of(document), recipient_id: writer.id, permission: 'write' });
    });
    const tries = (by: User) => [
      () => openDocument(open.vault, of(document, by)).then(({ content }) => content.destroy()),
      () => open.db.session((s) => updateDocument(s, of(document, by), { filename: `${by.handle}.txt` })),
      () => replaceContent(open.vault, { ...of(document, by), content: Buffer.from(by.handle) }),
      () => open.db.session((s) => moveDocument(s, { ...of(document, by), folder_id: null })),
      () =>
        open.db.session((s) =>
          shareDocument(s, { ...of(document, by), recipient_id: outsider.id, permission: 'read' }),
        ),
      () => deleteDocument(open.vault, of(document, by)),
    ];
    const codes = async (by: User) => {
      const found: string[] = [];
      for (const attempt of tries(by))
        found.push(
          await attempt().then(
            () => 'ok',
            (error: { code: string }) => error.code,
          ),
        );
      return found;
    };
    const denied = 'access-denied';
    expect(await codes(outsider)).toEqual(Array(6).fill('row-not-found'));
    expect(await codes(reader)).toEqual(['ok', denied, denied, denied, denied, denied]);
    expect(await codes(writer)).toEqual(['ok', 'ok', 'ok', denied, denied, denied]);
    // the writer's content is charged to the owner
    expect(await used()).toBe(writer.handle.length);
    expect(await codes(user)).toEqual(Array(6).fill('ok'));
  });

  it('cannot be stored or removed inside a session', async () => {
    const document = await store(open.vault, user, 'text');
    const inside = (work: () => Promise<unknown>) => open.db.session(() => work());
    const refused = { code: 'usage' };
    await expect(inside(() => store(open.vault, user, 'x'))).rejects.toMatchObject(refused);
    await expect(inside(() => deleteDocument(open.vault, of(document)))).rejects.toMatchObject(refused);
    await expect(inside(() => sweep(open.vault))).rejects.toMatchObject(refused);
  });

  it('without bytes are reported by a sweep, which also removes unreferenced bytes', async () => {
    const [lost, kept] = [
      await store(open.vault, user, fresh('lost')),
      await store(open.vault, user, fresh('kept')),
    ];
    const orphan = await open.blobs.stage(Buffer.from(fresh('orphan')), { limit: 100 });
    await orphan.keep();
    await orphan.discard();
    await rm(join(open.folder, 'objects', lost.sha256?.slice(0, 2) ?? '', lost.sha256 ?? ''));
    await writeFile(join(open.folder, 'objects', 'not-a-hash'), 'x');
    expect(await sweep(open.vault)).toEqual({
      abandoned: 0,
      unreferenced: [orphan.sha256],
      missing: [lost.sha256],
    });
    await expect(openDocument(open.vault, of(lost))).rejects.toMatchObject({ code: 'bytes-missing' });
    expect(await textOf(open.vault, of(kept))).toMatch(/^kept/);
    await deleteDocument(open.vault, of(lost));
    await rm(join(open.folder, 'objects', 'not-a-hash'));
    expect(await sweep(open.vault)).toEqual({ abandoned: 0, unreferenced: [], missing: [] });
  });

  it('leave no row when their bytes cannot be stored', async () => {
    const failing = { ...open.blobs, stage: refusesToKeep };
    const attempt = store({ ...open.vault, blobs: failing }, user, 'text');
    await expect(attempt).rejects.toThrow('the disk is full');
    expect(await used()).toBe(0);
    expect(await open.db.read((s) => listDocuments(s, { user_id: user.id }))).toEqual([]);
  });

  it('are deleted even when their bytes cannot be removed; the next sweep removes them', async () => {
    const document = await store(open.vault, user, fresh('stuck'));
    const stuck = { ...open.blobs, remove: () => Promise.reject(new RangeError('the disk is read-only')) };
    await deleteDocument({ ...open.vault, blobs: stuck }, of(document));
    expect(await used()).toBe(0);
    expect(await filesIn(open.folder)).toContain(document.sha256);
    expect(await sweep(open.vault)).toMatchObject({ unreferenced: [document.sha256] });
  });

  const refusesToKeep: typeof open.blobs.stage = async (source, options) => ({
    ...(await open.blobs.stage(source, options)),
    keep: () => Promise.reject(new RangeError('the disk is full')),
  });
});
