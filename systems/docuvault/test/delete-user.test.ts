import {
  connectCloud,
  createFolder,
  createTopic,
  deleteUser,
  enrolTotp,
  logIn,
  registerUser,
  setActive,
  setRole,
  shareDocument,
  sweep,
  tables,
} from '@ashlar/docuvault';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { adminOf, cheap, inspect, type OpenVault, openVault, password, someUser, store } from './support.js';

describe.each(engines)('the deletion of a user on $name', (engine) => {
  let open: OpenVault;
  beforeAll(async () => {
    open = await openVault(engine);
  });
  afterAll(() => open.remove());

  /** The tables that have a row with a text. */
  const tablesWith = async (text: string) => {
    const found: string[] = [];
    for (const { name } of Object.values(tables)) {
      const rows = await open.db.read((s) =>
        s.query
          .selectFrom(name as 'users')
          .selectAll()
          .execute(),
      );
      if (JSON.stringify(rows).includes(text)) found.push(name);
    }
    return found.sort();
  };

  const fill = async () => {
    const [user, friend] = [await someUser(open.db), await someUser(open.db)];
    const { login_token } = user;
    const outer = await open.db.session((s) => createFolder(s, { login_token, name: 'outer' }));
    const inner = await open.db.session((s) =>
      createFolder(s, { login_token, parent_id: outer.id, name: 'inner' }),
    );
    const mine = await store(open.vault, user, 'mine', { folder_id: inner.id });
    const theirs = await store(open.vault, friend, 'theirs');
    await open.db.session(async (s) => {
      await createTopic(s, { login_token, name: 'mine' });
      await enrolTotp(s, user);
      await connectCloud(s, { login_token, provider: 's3', display_name: 'x', credentials: { key: 'k' } });
      const share = { permission: 'read' } as const;
      await shareDocument(s, { login_token, document_id: mine.id, recipient_id: friend.id, ...share });
      const back = { login_token: friend.login_token, document_id: theirs.id };
      await shareDocument(s, { ...back, recipient_id: user.id, ...share });
    });
    return { user, friend, mine };
  };

  it.each(['the user', 'an administrator'])(
    'by %s removes rows, bytes and key, and nothing of others',
    async (by) => {
      const { user, mine } = await fill();
      const { login_token } = by === 'the user' ? user : await adminOf(open.db);
      expect(await deleteUser(open.vault, { login_token, password, user_id: user.id })).toEqual({
        documents: 1,
        bytes: 4,
      });
      // the log outlives the user; the keyring says that the key is destroyed
      expect(await tablesWith(user.id)).toEqual(['audit_log', 'data_keys']);
      expect(await tablesWith(user.handle)).toEqual([]);
      // the deletion writes no name of a document, and leaves no count of failed logins
      const removed = await open.db.read((s) =>
        s.query
          .selectFrom('audit_log')
          .select('metadata')
          .where('action', '=', 'document.deleted')
          .where('resource_id', '=', mine.id)
          .execute(),
      );
      expect(removed).toEqual([{ metadata: { size_bytes: 4 } }]);
      const { wrongQuotas, referenced, files } = await inspect(open);
      expect(wrongQuotas).toEqual([]);
      expect(files).toEqual(referenced);
      expect(files).not.toContain(mine.object_key);
      const again = await logIn(open.db, { login: user.handle, password }, { cost: cheap });
      expect(again).toEqual({ ok: false, reason: 'refused' });
    },
  );

  it('frees the handle and the email for another user', async () => {
    const { user } = await fill();
    const { login_token } = await adminOf(open.db);
    await deleteUser(open.vault, { login_token, user_id: user.id });
    const again = await someUser(open.db, undefined, { handle: user.handle, email: user.email });
    expect(again.id).not.toBe(user.id);
  });

  it('that was interrupted, after any of its transactions, is completed when it is repeated', async () => {
    const { login_token } = await adminOf(open.db);
    let cuts = 0;
    for (let isDone = false; !isDone; ) {
      const { user } = await fill();
      const about = { login_token, user_id: user.id };
      const session = open.db.session.bind(open.db) as (...args: unknown[]) => Promise<unknown>;
      let begun = 0;
      const cut = vi
        .spyOn(open.db, 'session')
        .mockImplementation(((...args: unknown[]) =>
          begun++ > cuts ? Promise.reject(new RangeError('killed')) : session(...args)) as never);
      isDone = await deleteUser(open.vault, about).then(
        () => true,
        (error) => {
          expect(error).toBeInstanceOf(RangeError);
          return false;
        },
      );
      cut.mockRestore();
      const login = await logIn(open.db, { login: user.handle, password }, { cost: cheap });
      expect(login).toEqual({ ok: false, reason: 'refused' });
      if (!isDone) await deleteUser(open.vault, about);
      expect(await tablesWith(user.id)).toEqual(['audit_log', 'data_keys']);
      await sweep(open.vault);
      const { wrongQuotas, referenced, files } = await inspect(open);
      expect(wrongQuotas).toEqual([]);
      expect(files).toEqual(referenced);
      await expect(deleteUser(open.vault, about)).rejects.toMatchObject({ code: 'row-not-found' });
      cuts++;
    }
    expect(cuts).toBeGreaterThan(2);
  });

  it('is refused for the last administrator, who cannot be deactivated or made a user either', async () => {
    const admin = await adminOf(open.db);
    const about = { login_token: admin.login_token, password, user_id: admin.id };
    const conflict = { code: 'state-conflict' };
    await expect(deleteUser(open.vault, about)).rejects.toMatchObject(conflict);
    await expect(open.db.session((s) => setActive(s, { ...about, is_active: false }))).rejects.toMatchObject(
      conflict,
    );
    await expect(open.db.session((s) => setRole(s, { ...about, role: 'user' }))).rejects.toMatchObject(
      conflict,
    );
    const other = await someUser(open.db, undefined, { role: 'admin' });
    await open.db.session((s) =>
      setRole(s, { login_token: other.login_token, user_id: admin.id, role: 'user' }),
    );
    const given = { handle: 'nobody', email: 'nobody@example.org', password_hash: 'x' };
    await expect(
      open.db.session((s) => registerUser(s, { login_token: admin.login_token, ...given })),
    ).rejects.toMatchObject({ code: 'access-denied' });
    await open.db.session((s) =>
      setRole(s, { login_token: other.login_token, user_id: admin.id, role: 'admin' }),
    );
  });
});
