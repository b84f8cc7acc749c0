import {
  createFolder,
  deleteFolder,
  type Folder,
  folderPath,
  folders,
  listFolders,
  moveFolder,
  renameFolder,
} from '@ashlar/docuvault';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { fresh, type OpenVault, openVault, someUser, store, type TestUser } from './support.js';

describe.each(engines)('folders on $name', (engine) => {
  let open: OpenVault;
  let user: TestUser;
  beforeAll(async () => {
    open = await openVault(engine);
  });
  afterAll(() => open.remove());
  beforeEach(async () => {
    user = await someUser(open.db);
  });

  const make = (name: string, parent?: Folder, owner = user) =>
    open.db.session((s) => createFolder(s, { login_token: owner.login_token, parent_id: parent?.id, name }));
  const move = (folder: Folder, parent: Folder | null) =>
    open.db.session((s) =>
      moveFolder(s, { login_token: user.login_token, folder_id: folder.id, parent_id: parent?.id ?? null }),
    );
  const path = (folder: Folder) =>
    open.db.read((s) => folderPath(s, { login_token: user.login_token, folder_id: folder.id }));
  const conflict = { code: 'state-conflict' };

  it('can be nested, moved, renamed and listed', async () => {
    const [work, home] = [await make('work'), await make('home')];
    const taxes = await make('taxes', work);
    const year = await make('2026', taxes);
    expect(await path(year)).toEqual(['work', 'taxes', '2026']);
    await move(taxes, home);
    expect(await path(year)).toEqual(['home', 'taxes', '2026']);
    await open.db.session((s) =>
      renameFolder(s, { login_token: user.login_token, folder_id: taxes.id, name: 'duties' }),
    );
    expect(await path(year)).toEqual(['home', 'duties', '2026']);
    const names = (parent_id: string | null) =>
      open.db.read(async (s) =>
        (await listFolders(s, { login_token: user.login_token, parent_id })).rows.map(({ name }) => name),
      );
    expect(await names(null)).toEqual(['home', 'work']);
    expect(await names(home.id)).toEqual(['duties']);
  });

  it('have unique names in NFC within their parent, also at the root', async () => {
    const root = await make('Café');
    await expect(make('Cafe\u0301')).rejects.toMatchObject(conflict);
    await make('Café', root);
    await expect(make('Café', root)).rejects.toMatchObject(conflict);
    const other = await make('other');
    await expect(move(root, root)).rejects.toMatchObject(conflict);
    await make('other', root);
    await expect(move(other, root)).rejects.toMatchObject(conflict);
    expect((await make('Café', undefined, await someUser(open.db))).id).not.toBe(root.id);
  });

  it.each([
    ...[
      'a/b',
      'a\\b',
      'a\uff0fb',
      'a\u2044b',
      '.',
      '..',
      ' ',
      ' a',
      'a ',
      'a.',
      '. ',
      'a\u00a0',
      'a\n',
      'a\u0007',
    ],
    ...[
      'inv\u202efdp.exe',
      'a\u2066b',
      'a\u200eb',
      'a\u200bb',
      'a\ufeffb',
      'a\u00adb',
      'a\u2028b',
      'a\u2029b',
      'a\ud800b',
    ],
  ])('cannot have the name %j', async (name) => {
    await expect(make(name)).rejects.toMatchObject({ code: 'value-invalid' });
  });

  it('have names of any script, with blanks, dots and signs within', async () => {
    for (const name of ['.env', 'a b.c', 'Überweisung (2)', '契約', 'می\u200cخواهم', '👩\u200d👧', 'a…'])
      expect((await make(name)).name).toBe(name);
  });

  it('cannot be moved into themselves, nor concurrently into each other', async () => {
    const top = await make('top');
    const middle = await make('middle', top);
    const bottom = await make('bottom', middle);
    await expect(move(top, top)).rejects.toMatchObject(conflict);
    await expect(move(top, bottom)).rejects.toMatchObject(conflict);
    for (let round = 0; round < 5; round++) {
      const [a, b] = [await make(fresh('a')), await make(fresh('b'))];
      const both = await Promise.allSettled([move(a, b), move(b, a)]);
      expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(both.find(({ status }) => status === 'rejected')).toMatchObject({ reason: conflict });
      const paths = await Promise.all([path(a), path(b)]);
      expect(paths.map(({ length }) => length).sort()).toEqual([1, 2]);
    }
  });

  it('of another user do not exist for a user, and the database refuses to reference them', async () => {
    const other = await someUser(open.db);
    const [mine, theirs] = [await make('mine'), await make('theirs', undefined, other)];
    await expect(move(mine, theirs)).rejects.toMatchObject({ code: 'row-not-found' });
    await expect(make('inside', theirs)).rejects.toMatchObject({ code: 'row-not-found' });
    await expect(path(theirs)).rejects.toMatchObject({ code: 'row-not-found' });
    const direct = open.db.session((s) => s.update(folders, mine.id, { parent_id: theirs.id }));
    await expect(direct).rejects.toMatchObject({ code: 'foreign-key-violation' });
  });

  it('can be deleted when empty', async () => {
    const top = await make('top');
    const inner = await make('inner', top);
    const remove = (folder: Folder) =>
      open.db.session((s) => deleteFolder(s, { login_token: user.login_token, folder_id: folder.id }));
    await expect(remove(top)).rejects.toMatchObject(conflict);
    await remove(inner);
    await store(open.vault, user, 'x', { folder_id: top.id });
    await expect(remove(top)).rejects.toMatchObject(conflict);
    const empty = await make('empty');
    await remove(empty);
    await expect(remove(empty)).rejects.toMatchObject({ code: 'row-not-found' });
  });

  it.each(['', '.', '..', 'a/b', 'a\u0007b', 'x'.repeat(256)])('cannot be named %j', async (name) => {
    await expect(make(name)).rejects.toMatchObject({ code: 'value-invalid' });
  });
});
