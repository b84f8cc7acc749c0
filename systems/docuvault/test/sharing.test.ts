import {
  type AuditRecord,
  auditLog,
  cloudConnections,
  cloudCredentials,
  connectCloud,
  createTopic,
  disconnectCloud,
  documentsAbout,
  listConnections,
  listTopics,
  queryEvents,
  renewCredentials,
  setActive,
  shareDocument,
  sharedWithMe,
  shares,
  sharesOf,
  tagDocument,
  unshareDocument,
  untagDocument,
} from '@ashlar/docuvault';
import { shred } from 'ashlar/keys';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { recordEvent } from '../src/audit.js';
import { adminOf, fresh, type OpenVault, openVault, someUser, store } from './support.js';

describe.each(engines)('shares, topics, connections and events on $name', (engine) => {
  let open: OpenVault;
  beforeAll(async () => {
    open = await openVault(engine);
  });
  afterAll(() => open.remove());

  it('shares can be created, changed, listed and ended', async () => {
    const [owner, friend] = [await someUser(open.db), await someUser(open.db)];
    const [one, two] = [await store(open.vault, owner, 'one'), await store(open.vault, owner, 'two')];
    const share = (document_id: string, permission: 'read' | 'write') =>
      open.db.session((s) =>
        shareDocument(s, {
          login_token: owner.login_token,
          document_id,
          recipient_id: friend.id,
          permission,
        }),
      );
    const first = await share(one.id, 'read');
    await share(two.id, 'write');
    expect(await share(one.id, 'write')).toEqual({ ...first, permission: 'write' });
    const { rows: mine } = await open.db.read((s) => sharedWithMe(s, friend));
    expect(mine.map(({ id, permission, owner: handle }) => [id, permission, handle]).sort()).toEqual(
      [
        [one.id, 'write', owner.handle],
        [two.id, 'write', owner.handle],
      ].sort(),
    );
    const ref = { login_token: owner.login_token, document_id: one.id };
    expect(await open.db.read((s) => sharesOf(s, ref))).toMatchObject({
      rows: [{ recipient_id: friend.id }],
    });
    for (let twice = 0; twice < 2; twice++)
      await open.db.session((s) => unshareDocument(s, { ...ref, recipient_id: friend.id }));
    expect(await open.db.read((s) => sharedWithMe(s, friend))).toMatchObject({ rows: [{ id: two.id }] });
    await expect(
      open.db.read((s) => sharesOf(s, { ...ref, login_token: friend.login_token })),
    ).rejects.toMatchObject({
      code: 'row-not-found',
    });
  });

  it('a share requires another, active user, and the database checks the owner of the document', async () => {
    const [owner, friend] = [await someUser(open.db), await someUser(open.db)];
    const document = await store(open.vault, owner, 'x');
    const share = (recipient_id: string) =>
      open.db.session((s) =>
        shareDocument(s, {
          login_token: owner.login_token,
          document_id: document.id,
          recipient_id,
          permission: 'read',
        }),
      );
    await expect(share(owner.id)).rejects.toMatchObject({ code: 'input-invalid' });
    const { login_token } = await adminOf(open.db);
    await open.db.session((s) => setActive(s, { login_token, user_id: friend.id, is_active: false }));
    await expect(share(friend.id)).rejects.toMatchObject({ code: 'row-not-found' });
    const direct = (owner_id: string, recipient_id: string) =>
      open.db.session((s) =>
        s.insert(shares, { document_id: document.id, owner_id, recipient_id, permission: 'read' }),
      );
    await expect(direct(friend.id, owner.id)).rejects.toMatchObject({ code: 'foreign-key-violation' });
    await expect(direct(owner.id, owner.id)).rejects.toMatchObject({ code: 'check-violation' });
  });

  it('topics belong to a user or to all users, and documents are found by topic', async () => {
    const [owner, friend] = [await someUser(open.db), await someUser(open.db)];
    const admin = await adminOf(open.db);
    const [own, common, theirs] = await open.db.session(async (s) => [
      await createTopic(s, { login_token: owner.login_token, name: 'taxes' }),
      await createTopic(s, { login_token: admin.login_token, name: fresh('common'), shared: true }),
      await createTopic(s, { login_token: friend.login_token, name: 'taxes' }),
    ]);
    if (!own || !common || !theirs) throw new Error('no topic');
    const document = await store(open.vault, owner, 'x');
    const ref = { login_token: owner.login_token, document_id: document.id };
    const tag = (topic_id: string) => open.db.session((s) => tagDocument(s, { ...ref, topic_id }));
    for (const topic of [own, own, common]) await tag(topic.id);
    await expect(tag(theirs.id)).rejects.toMatchObject({ code: 'row-not-found' });
    const { rows: listed } = await open.db.read((s) => listTopics(s, owner));
    expect(listed).toContainEqual(own);
    expect(listed).toContainEqual(common);
    expect(listed).not.toContainEqual(theirs);
    const about = (login_token: string, topic_id: string) =>
      open.db.read(async (s) =>
        (await documentsAbout(s, { login_token, topic_id })).rows.map(({ id }) => id),
      );
    expect(await about(owner.login_token, own.id)).toEqual([document.id]);
    expect(await about(friend.login_token, common.id)).toEqual([]);
    await open.db.session((s) => shareDocument(s, { ...ref, recipient_id: friend.id, permission: 'read' }));
    expect(await about(friend.login_token, common.id)).toEqual([document.id]);
    for (let twice = 0; twice < 2; twice++)
      await open.db.session((s) => untagDocument(s, { ...ref, topic_id: own.id }));
    expect(await about(owner.login_token, own.id)).toEqual([]);
  });

  it('the credentials of connections are stored encrypted, and unreadable after the key is shredded', async () => {
    const [owner, other] = [await someUser(open.db), await someUser(open.db)];
    const secret = fresh('secret');
    const account = await open.db.session((s) =>
      connectCloud(s, {
        login_token: owner.login_token,
        provider: 's3',
        display_name: 'Backups',
        credentials: { key: secret, region: 'eu' },
      }),
    );
    expect(account).not.toHaveProperty('credentials_enc');
    const of = { login_token: owner.login_token, connection_id: account.id };
    expect(await open.db.read((s) => cloudCredentials(s, of))).toEqual({ key: secret, region: 'eu' });
    await open.db.session((s) => renewCredentials(s, { ...of, credentials: { key: 'newer' } }));
    expect(await open.db.read((s) => cloudCredentials(s, of))).toEqual({ key: 'newer' });
    expect(await open.db.read((s) => listConnections(s, owner))).toMatchObject({
      rows: [{ display_name: 'Backups' }],
    });
    const stolen = open.db.read((s) => cloudCredentials(s, { ...of, login_token: other.login_token }));
    await expect(stolen).rejects.toMatchObject({ code: 'row-not-found' });
    const stored = await open.db.read((s) =>
      s.query
        .selectFrom('cloud_connections')
        .select('credentials_enc')
        .where('id', '=', account.id)
        .execute(),
    );
    expect(Buffer.from(stored[0]?.credentials_enc as unknown as Uint8Array).includes('newer')).toBe(false);
    const moved = open.db.session((s) => s.update(cloudConnections, account.id, { user_id: other.id }));
    await expect(moved).rejects.toMatchObject({ code: expect.stringMatching(/guarantee-violated|usage/) });

    await shred(open.db, owner.id, { vacuum: false });
    await expect(open.db.read((s) => cloudCredentials(s, of))).rejects.toMatchObject({
      code: 'scope-shredded',
    });
    const gone = open.db.session((s) => disconnectCloud(s, of));
    await expect(gone).rejects.toMatchObject({ code: 'scope-shredded' });
  });

  it('audit_log is paged newest first and cannot be changed', async () => {
    const user = await someUser(open.db);
    const written: AuditRecord[] = [];
    for (let n = 0; n < 5; n++)
      written.push(
        await open.db.session((s) =>
          recordEvent(s, { user_id: user.id, action: 'noted', ip_address: '2001:db8::1', metadata: { n } }),
        ),
      );
    const page = (before?: number) =>
      open.db.read((s) =>
        queryEvents(s, { login_token: user.login_token, action: 'noted', limit: 2, before }),
      );
    const first = await page();
    const second = await page(first.next);
    const third = await page(second.next);
    expect([...first.events, ...second.events, ...third.events]).toEqual([...written].reverse());
    expect(third.next).toBeUndefined();
    const [{ id } = { id: 0 }] = written;
    for (const attempt of [
      () => open.db.session((s) => s.update(auditLog, id, { action: 'forged' })),
      () => open.db.session((s) => s.delete(auditLog, id)),
    ])
      await expect(attempt()).rejects.toMatchObject({ code: 'guarantee-violated' });
    await expect(
      open.db.read((s) => queryEvents(s, { login_token: user.login_token, limit: 0 })),
    ).rejects.toMatchObject({
      code: 'input-invalid',
    });
  });
});
