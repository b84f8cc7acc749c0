import {
  connectCloud,
  createFolder,
  createTopic,
  documentsAbout,
  type ListOptions,
  listConnections,
  listDocuments,
  listFolders,
  listTopics,
  listUsers,
  searchDocuments,
  shareDocument,
  sharedWithMe,
  sharesOf,
  tagDocument,
  updateDocument,
} from '@ashlar/docuvault';
import type { Page } from 'ashlar/query';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { adminOf, fresh, type OpenVault, openVault, someUser, store, type TestUser } from './support.js';

describe.each(engines)('lists of docuvault on $name', (engine) => {
  let open: OpenVault;
  let owner: TestUser;
  let friend: TestUser;
  beforeAll(async () => {
    open = await openVault(engine);
    [owner, friend] = [await someUser(open.db), await someUser(open.db)];
  });
  afterAll(() => open.remove());

  it('have pages that a row which is added or removed does not shift', async () => {
    const { login_token } = owner;
    const { topic, first } = await (async () => {
      const documents: { id: string }[] = [];
      // equal names: the id decides
      for (let n = 0; n < 5; n++)
        documents.push(await store(open.vault, owner, 'x', { filename: 'same.txt' }));
      return open.db.session(async (s) => {
        const about = await createTopic(s, { login_token, name: 'all' });
        for (const { id: document_id } of documents) {
          await tagDocument(s, { login_token, document_id, topic_id: about.id });
          await shareDocument(s, { login_token, document_id, recipient_id: friend.id, permission: 'read' });
        }
        for (let n = 0; n < 4; n++) {
          await createTopic(s, { login_token, name: `t${n}` });
          await createFolder(s, { login_token, name: `f${n}` });
          const account = { provider: 's3', display_name: 'same', credentials: { key: 'k' } };
          await connectCloud(s, { login_token, ...account });
        }
        return { topic: about, first: documents[0] };
      });
    })();
    for (let n = 0; n < 3; n++) {
      const recipient_id = (await someUser(open.db)).id;
      const share = { login_token, document_id: first?.id ?? '', recipient_id, permission: 'read' } as const;
      await open.db.session((s) => shareDocument(s, share));
    }
    const admin = await adminOf(open.db);
    type List = (options: ListOptions) => Promise<Page<object>>;
    const lists: Record<string, List> = {
      listDocuments: (o) => open.db.read((s) => listDocuments(s, { login_token, ...o })),
      listFolders: (o) => open.db.read((s) => listFolders(s, { login_token, parent_id: null, ...o })),
      listTopics: (o) => open.db.read((s) => listTopics(s, { login_token, ...o })),
      listConnections: (o) => open.db.read((s) => listConnections(s, { login_token, ...o })),
      documentsAbout: (o) =>
        open.db.read((s) => documentsAbout(s, { login_token, topic_id: topic.id, ...o })),
      sharesOf: (o) => open.db.read((s) => sharesOf(s, { login_token, document_id: first?.id ?? '', ...o })),
      sharedWithMe: (o) => open.db.read((s) => sharedWithMe(s, { login_token: friend.login_token, ...o })),
      searchDocuments: (o) => open.db.read((s) => searchDocuments(s, { login_token, words: 'same', ...o })),
      listUsers: (o) => open.db.read((s) => listUsers(s, { login_token: admin.login_token, ...o })),
    };
    for (const [name, list] of Object.entries(lists)) {
      const all = await list({});
      expect(all.rows.length, name).toBeGreaterThan(3);
      expect(all.next, name).toBeUndefined();
      const paged: object[] = [];
      let after: string | undefined;
      do {
        const page: Page<object> = await list({ limit: 2, after });
        expect(page.rows.length, name).toBeLessThanOrEqual(2);
        paged.push(...page.rows);
        after = page.next;
      } while (after !== undefined);
      expect(paged, name).toEqual(all.rows);
      for (const wrong of [{ limit: 0 }, { limit: 1_001 }, { limit: 1.5 }, { after: 'not a cursor' }])
        await expect(list(wrong), name).rejects.toMatchObject({ code: 'input-invalid' });
    }
  });

  it('have names in NFC: of documents that are stored or renamed', async () => {
    const user = await someUser(open.db);
    const decomposed = 'Café.txt'.normalize('NFD');
    const document = await store(open.vault, user, 'x', { filename: decomposed });
    expect(document.filename).toBe('Café.txt');
    const renamed = await open.db.session((s) =>
      updateDocument(
        s,
        { login_token: user.login_token, document_id: document.id },
        { filename: 'Übersicht'.normalize('NFD') },
      ),
    );
    expect(renamed.filename).toBe('Übersicht');
  });

  it('of a search have the documents whose name or text has the words, of the user or shared with the user', async () => {
    const [user, other] = [await someUser(open.db), await someUser(open.db)];
    const word = fresh('w').replaceAll('-', '');
    const put = (by: TestUser, filename: string, extracted_text?: string) =>
      store(open.vault, by, 'x', { filename, extracted_text });
    const byName = await put(user, `Minutes of ${word}.pdf`);
    const byText = await put(user, 'scan.pdf', `The MINUTES were read. ${word.toUpperCase()} was present.`);
    await put(user, 'other.pdf', 'minutes');
    const theirs = await put(other, 'theirs.pdf', `minutes ${word}`);
    const found = async (words: string, options: { prefix?: boolean } = {}) => {
      const query = { login_token: user.login_token, words, ...options };
      return (await open.db.read((s) => searchDocuments(s, query))).rows.map(({ id }) => id);
    };
    // newest first
    expect(await found(`minutes ${word}`)).toEqual([byText.id, byName.id]);
    expect(await found(word.slice(0, -3))).toEqual([]);
    expect(await found(word.slice(0, -3), { prefix: true })).toEqual([byText.id, byName.id]);
    expect(await found('')).toEqual([]);
    expect(await found(`"${word}" OR x; --`)).toEqual([]);
    const ref = { login_token: other.login_token, document_id: theirs.id };
    await open.db.session((s) => shareDocument(s, { ...ref, recipient_id: user.id, permission: 'write' }));
    expect(await found(word)).toEqual([theirs.id, byText.id, byName.id]);
    // a change of the name or the text changes what is found
    await open.db.session((s) =>
      updateDocument(
        s,
        { login_token: user.login_token, document_id: theirs.id },
        { extracted_text: 'nothing' },
      ),
    );
    await open.db.session((s) =>
      updateDocument(
        s,
        { login_token: user.login_token, document_id: byName.id },
        { filename: 'renamed.pdf' },
      ),
    );
    expect(await found(word)).toEqual([byText.id]);
  });

  it('of a search have a document whose text is longer than an index takes', async () => {
    const user = await someUser(open.db);
    const text = `beginning ${'語😀 '.repeat(400_000)} ending`;
    const document = await store(open.vault, user, 'x', { filename: 'book.pdf', extracted_text: text });
    expect(document.extracted_text).toBe(text);
    const query = { login_token: user.login_token, words: 'book beginning' };
    const { rows } = await open.db.read((s) => searchDocuments(s, query));
    expect(rows.map(({ id }) => id)).toEqual([document.id]);
  });
});
