import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createFolder,
  type DocumentDetails,
  deleteDocument,
  deleteFolderTree,
  documents,
  docuvaultSettings,
  listDocuments,
  moveDocument,
  openDocument,
  queryEvents,
  quotaOf,
  replaceContent,
  shareDocument,
  sweep,
  updateDocument,
} from '@ashlar/docuvault';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { cleanIncoming, receive } from '../src/blobs/incoming.js';
import {
  filesIn,
  fresh,
  type OpenVault,
  openVault,
  someUser,
  store,
  type TestUser,
  textOf,
} from './support.js';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

describe.each(engines)('documents on $name', (engine) => {
  let open: OpenVault;
  let user: TestUser;
  beforeAll(async () => {
    open = await openVault(engine);
  });
  afterAll(() => open.remove());
  beforeEach(async () => {
    user = await someUser(open.db, 1_000);
  });

  const of = (document: DocumentDetails, by = user) => ({
    login_token: by.login_token,
    document_id: document.id,
  });
  const used = async () => (await open.db.read((s) => quotaOf(s, user))).used_bytes;

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
    const { events } = await open.db.read((s) =>
      queryEvents(s, { login_token: user.login_token, resource_id: document.id }),
    );
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
    const settings = { ...docuvaultSettings({}), max_upload_bytes: 5 };
    await expect(store({ ...open.vault, settings }, user, '123456')).rejects.toMatchObject({
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
    const other = await someUser(open.db);
    const folder = await open.db.session(async (s) =>
      createFolder(s, { login_token: other.login_token, name: 'not mine' }),
    );
    await expect(store(open.vault, user, 'text', { filename: '' })).rejects.toMatchObject({
      code: 'value-invalid',
    });
    await expect(store(open.vault, user, 'text', { folder_id: folder.id })).rejects.toMatchObject({
      code: 'row-not-found',
    });
    await expect(store(open.vault, { login_token: folder.id }, 'text')).rejects.toMatchObject({
      code: 'login-required',
    });
    expect(await filesIn(open.folder)).toEqual(before);
    expect(await used()).toBe(0);
  });

  it('with equal bytes are stored once each, so that a deletion of one is none of another', async () => {
    const text = fresh('same');
    const other = await someUser(open.db);
    const [mine, again] = [await store(open.vault, user, text), await store(open.vault, user, text)];
    const theirs = await store(open.vault, other, text);
    const keys = [mine, again, theirs].map(({ object_key }) => object_key);
    expect(await filesIn(open.folder)).toEqual(expect.arrayContaining(keys));
    expect(await used()).toBe(2 * text.length);
    await deleteDocument(open.vault, of(mine));
    expect(await used()).toBe(text.length);
    expect(await filesIn(open.folder)).not.toContain(mine.object_key);
    expect(await textOf(open.vault, of(again))).toBe(text);
    expect(await textOf(open.vault, of(theirs, other))).toBe(text);
  });

  it('keep their bytes while a sweep runs during their upload', async () => {
    const text = fresh('raced');
    let kept = (): void => undefined;
    const keeping = new Promise<void>((resolve) => {
      kept = resolve;
    });
    // between the link of the file and the session that writes its row
    const slow: typeof open.blobs = {
      ...open.blobs,
      stage: async (source, options) => {
        const staged = await open.blobs.stage(source, options);
        return {
          ...staged,
          store: async () => {
            await staged.store();
            kept();
            await sleep(100);
          },
        };
      },
    };
    const storing = store({ ...open.vault, blobs: slow }, user, text);
    await keeping;
    const swept = await sweep(open.vault);
    const document = await storing;
    expect(swept.unreferenced).not.toContain(document.object_key);
    expect(await textOf(open.vault, of(document))).toBe(text);
  });

  it('stored by version 0.1 under their hash are read, and a sweep gives them their keys', async () => {
    const text = fresh('former');
    const [one, two] = [await store(open.vault, user, text), await store(open.vault, user, text)];
    const path = (name: string) => join(open.folder, 'objects', name.slice(0, 2), name);
    await mkdir(join(open.folder, 'objects', sha(text).slice(0, 2)), { recursive: true });
    await rename(path(one.object_key), path(sha(text)));
    await rm(path(two.object_key));
    expect(await textOf(open.vault, of(one))).toBe(text);
    expect(await sweep(open.vault)).toEqual({ abandoned: 0, unreferenced: [], missing: [], adopted: 1 });
    expect(await textOf(open.vault, of(two))).toBe(text);
    // a version 0.1 that still runs may need it
    expect(await filesIn(open.folder)).toContain(sha(text));
    await sweep(open.vault, { drop_former: true });
    expect(await filesIn(open.folder)).not.toContain(sha(text));
  });

  it('replaced while being opened are opened with the new content', async () => {
    const document = await store(open.vault, user, fresh('before'));
    const slow = {
      ...open.blobs,
      read: async (key: string) => {
        if (key === document.object_key)
          await replaceContent(open.vault, { ...of(document), content: Buffer.from('after') });
        return open.blobs.read(key);
      },
    };
    expect(await textOf({ ...open.vault, blobs: slow }, of(document))).toBe('after');
  });

  it('can be replaced, and the quota is charged the difference', async () => {
    const document = await store(open.vault, user, 'first'.repeat(10), { extracted_text: 'first' });
    expect(await used()).toBe(55);
    const replaced = await replaceContent(open.vault, { ...of(document), content: Buffer.from('second') });
    expect(replaced).toMatchObject({ id: document.id, size_bytes: 6, extracted_text: null });
    expect(await textOf(open.vault, of(document))).toBe('second');
    expect(await used()).toBe(6);
    expect(await filesIn(open.folder)).not.toContain(document.object_key);
    expect(replaced.object_key).not.toBe(document.object_key);
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
    const folder = await open.db.session((s) =>
      createFolder(s, { login_token: user.login_token, name: 'in' }),
    );
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
        (await listDocuments(s, { login_token: user.login_token, folder_id })).rows.map(({ id }) => id),
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
      const outer = await createFolder(s, { login_token: user.login_token, name: 'top' });
      return [
        outer,
        await createFolder(s, { login_token: user.login_token, parent_id: outer.id, name: 'inner' }),
      ] as const;
    });
    const kept = await store(open.vault, user, 'kept');
    const gone = await store(open.vault, user, 'in top', { folder_id: top.id });
    await store(open.vault, user, 'kept', { folder_id: inner.id });
    expect(await deleteFolderTree(open.vault, { login_token: user.login_token, folder_id: top.id })).toEqual({
      folders: 2,
      documents: 2,
      bytes: 10,
    });
    expect(await used()).toBe(4);
    expect(await textOf(open.vault, of(kept))).toBe('kept');
    expect(await filesIn(open.folder)).not.toContain(gone.object_key);
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
    const tries = (by: TestUser) => [
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
    const codes = async (by: TestUser) => {
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
    const orphanKey = orphan.key;
    await orphan.store();
    await orphan.discard();
    await rm(join(open.folder, 'objects', lost.object_key.slice(0, 2), lost.object_key));
    await writeFile(join(open.folder, 'objects', 'not-a-hash'), 'x');
    expect(await sweep(open.vault)).toEqual({
      abandoned: 0,
      unreferenced: [orphanKey],
      missing: [lost.object_key],
      adopted: 0,
    });
    await expect(openDocument(open.vault, of(lost))).rejects.toMatchObject({ code: 'bytes-missing' });
    expect(await textOf(open.vault, of(kept))).toMatch(/^kept/);
    await deleteDocument(open.vault, of(lost));
    await rm(join(open.folder, 'objects', 'not-a-hash'));
    expect(await sweep(open.vault)).toEqual({ abandoned: 0, unreferenced: [], missing: [], adopted: 0 });
  });

  it('leave no row when their bytes cannot be stored', async () => {
    const failing = { ...open.blobs, stage: refusesToKeep };
    const attempt = store({ ...open.vault, blobs: failing }, user, 'text');
    await expect(attempt).rejects.toThrow('the disk is full');
    expect(await used()).toBe(0);
    expect(await open.db.read((s) => listDocuments(s, user))).toEqual({
      rows: [],
      next: undefined,
    });
  });

  it('are deleted even when their bytes cannot be removed; the next sweep removes them', async () => {
    const document = await store(open.vault, user, fresh('stuck'));
    const stuck = { ...open.blobs, remove: () => Promise.reject(new RangeError('the disk is read-only')) };
    await deleteDocument({ ...open.vault, blobs: stuck }, of(document));
    expect(await used()).toBe(0);
    expect(await filesIn(open.folder)).toContain(document.object_key);
    expect(await sweep(open.vault)).toMatchObject({ unreferenced: [document.object_key] });
  });

  it('have a media type, which can be sent as a header', async () => {
    for (const content_type of [
      'text/html\r\nX: y',
      'text',
      'text/',
      '/html',
      'text/html; a',
      'a b/c',
      'té/x',
      'a/b;c="\n"',
    ])
      await expect(store(open.vault, user, 'x', { content_type })).rejects.toMatchObject({
        code: 'value-invalid',
      });
    for (const content_type of ['image/svg+xml', 'text/plain; charset=utf-8', 'a/b;c="d e";f=g'])
      expect(await store(open.vault, user, 'x', { content_type })).toMatchObject({ content_type });
  });

  it('whose source sends nothing are not waited for, and leave nothing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ashlar-idle-'));
    const silent = async function* () {
      yield Buffer.from('x');
      await new Promise(() => undefined);
    };
    await expect(receive(folder, silent(), 10, 20)).rejects.toMatchObject({ code: 'input-invalid' });
    expect(await readdir(folder)).toEqual([]);
    // what another host has left, long ago and now
    const [old, young] = ['a', 'b'].map((host) => join(folder, `${host}.1.${crypto.randomUUID()}`)) as [
      string,
      string,
    ];
    for (const path of [old, young]) await writeFile(path, 'x');
    await utimes(old, 0, 0);
    expect(await cleanIncoming(folder)).toBe(1);
    expect((await readdir(folder)).map((name) => join(folder, name))).toEqual([young]);
    await rm(folder, { recursive: true });
  });

  it('have text that is charged to the quota too, and is bounded', async () => {
    const long = 'é'.repeat(100);
    const document = await store(open.vault, user, 'x', { extracted_text: long });
    expect(await used()).toBe(201);
    const change = (extracted_text: string | null) =>
      open.db.session((s) => updateDocument(s, of(document), { extracted_text }));
    await change('ab');
    expect(await used()).toBe(3);
    await expect(change('x'.repeat(1_000))).rejects.toMatchObject({ code: 'quota-exceeded' });
    const tooLong = 'x'.repeat(10_485_761);
    for (const attempt of [change(tooLong), store(open.vault, user, '', { extracted_text: tooLong })])
      await expect(attempt).rejects.toMatchObject({ code: 'input-invalid' });
    await expect(store(open.vault, user, '', { extracted_text: 'x'.repeat(998) })).rejects.toMatchObject({
      code: 'quota-exceeded',
    });
    await change(null);
    expect(await used()).toBe(1);
    await change(long);
    await deleteDocument(open.vault, of(document));
    expect(await used()).toBe(0);
  });

  it.each<[string, () => unknown]>([
    ['a text', () => 'é'.repeat(10)],
    ['a stream of texts', () => Readable.from(['é'.repeat(10)])],
    ['a stream of numbers', () => Readable.from([1, 2])],
    ['nothing', () => undefined],
    ['a number', () => 5],
  ])(
    'cannot be %s instead of bytes, because its length is not that of the stored bytes',
    async (_, content) => {
      const before = await filesIn(open.folder);
      const attempt = store(open.vault, user, '', { content: content() as Uint8Array });
      await expect(attempt).rejects.toMatchObject({ code: 'input-invalid' });
      expect(await filesIn(open.folder)).toEqual(before);
    },
  );

  const refusesToKeep: typeof open.blobs.stage = async (source, options) => ({
    ...(await open.blobs.stage(source, options)),
    store: () => Promise.reject(new RangeError('the disk is full')),
  });
});
