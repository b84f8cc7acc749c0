import { randomUUID } from 'node:crypto';
import * as docuvault from '@ashlar/docuvault';
import type { OpenVault, TestUser } from './support.js';
import { fresh, store } from './support.js';

/** What the services are called with: rows of a user, of another one, and of an administrator. */
export interface World extends OpenVault {
  readonly owner: TestUser;
  readonly friend: TestUser;
  readonly admin: TestUser;
  readonly folder_id: string;
  readonly document_id: string;
  readonly topic_id: string;
  readonly connection_id: string;
  readonly password_hash: string;
}

/** Makes rows for every service to work on. */
export async function makeWorld(
  open: OpenVault,
  users: Pick<World, 'owner' | 'friend' | 'admin'>,
  password_hash: string,
): Promise<World> {
  const { owner, friend } = users;
  const { login_id } = owner;
  const document = await store(open.vault, owner, 'text', { extracted_text: 'text' });
  const rest = await open.db.session(async (s) => {
    const folder = await docuvault.createFolder(s, { login_id, name: fresh('f') });
    const topic = await docuvault.createTopic(s, { login_id, name: fresh('t') });
    const ref = { login_id, document_id: document.id };
    await docuvault.tagDocument(s, { ...ref, topic_id: topic.id });
    await docuvault.shareDocument(s, { ...ref, recipient_id: friend.id, permission: 'read' });
    const connection = await docuvault.connectCloud(s, {
      login_id,
      provider: 's3',
      display_name: 'x',
      credentials: { key: 'k' },
    });
    return { folder_id: folder.id, topic_id: topic.id, connection_id: connection.id };
  });
  return { ...open, ...users, ...rest, document_id: document.id, password_hash };
}

/** A call of a service in a login. */
export type Service = (world: World, login_id: string) => Promise<unknown>;

const inSession =
  (call: (s: docuvault.DocuvaultSession, world: World, login_id: string) => Promise<unknown>): Service =>
  (world, login_id) =>
    world.db.session((s) => call(s, world, login_id));

const content = Buffer.from('bytes');
const file = { filename: 'a.txt', content_type: 'text/plain', content };

/** Every service that needs a login, with a call of it that succeeds for the owner of the rows. */
export const userServices = {
  cloudCredentials: inSession((s, w, login_id) =>
    docuvault.cloudCredentials(s, { login_id, connection_id: w.connection_id }),
  ),
  confirmTotp: inSession((s, _, login_id) => docuvault.confirmTotp(s, { login_id, code: '000000' })),
  connectCloud: inSession((s, _, login_id) =>
    docuvault.connectCloud(s, { login_id, provider: 's3', display_name: 'y', credentials: { key: 'k' } }),
  ),
  createFolder: inSession((s, _, login_id) => docuvault.createFolder(s, { login_id, name: fresh('f') })),
  createTopic: inSession((s, _, login_id) => docuvault.createTopic(s, { login_id, name: fresh('t') })),
  disableTotp: inSession((s, _, login_id) => docuvault.disableTotp(s, { login_id })),
  documentsAbout: inSession((s, { topic_id }, login_id) =>
    docuvault.documentsAbout(s, { login_id, topic_id }),
  ),
  enrolTotp: inSession((s, _, login_id) => docuvault.enrolTotp(s, { login_id })),
  folderPath: inSession((s, { folder_id }, login_id) => docuvault.folderPath(s, { login_id, folder_id })),
  listConnections: inSession((s, _, login_id) => docuvault.listConnections(s, { login_id })),
  listDocuments: inSession((s, _, login_id) => docuvault.listDocuments(s, { login_id })),
  listFolders: inSession((s, _, login_id) => docuvault.listFolders(s, { login_id, parent_id: null })),
  listTopics: inSession((s, _, login_id) => docuvault.listTopics(s, { login_id })),
  moveDocument: inSession((s, { document_id, folder_id }, login_id) =>
    docuvault.moveDocument(s, { login_id, document_id, folder_id }),
  ),
  moveFolder: inSession((s, { folder_id }, login_id) =>
    docuvault.moveFolder(s, { login_id, folder_id, parent_id: null }),
  ),
  openDocument: async ({ vault, document_id }, login_id) => {
    const { document, content } = await docuvault.openDocument(vault, { login_id, document_id });
    content.destroy();
    return document;
  },
  queryEvents: inSession((s, _, login_id) => docuvault.queryEvents(s, { login_id })),
  quotaOf: inSession((s, _, login_id) => docuvault.quotaOf(s, { login_id })),
  renameFolder: inSession((s, { folder_id }, login_id) =>
    docuvault.renameFolder(s, { login_id, folder_id, name: fresh('f') }),
  ),
  renewCredentials: inSession((s, { connection_id }, login_id) =>
    docuvault.renewCredentials(s, { login_id, connection_id, credentials: { key: 'l' } }),
  ),
  replaceContent: ({ vault, document_id }, login_id) =>
    docuvault.replaceContent(vault, { login_id, document_id, content }),
  searchDocuments: inSession((s, _, login_id) => docuvault.searchDocuments(s, { login_id, words: 'text' })),
  shareDocument: inSession((s, { document_id, friend }, login_id) =>
    docuvault.shareDocument(s, { login_id, document_id, recipient_id: friend.id, permission: 'write' }),
  ),
  sharedWithMe: inSession((s, _, login_id) => docuvault.sharedWithMe(s, { login_id })),
  sharesOf: inSession((s, { document_id }, login_id) => docuvault.sharesOf(s, { login_id, document_id })),
  tagDocument: inSession((s, { document_id, topic_id }, login_id) =>
    docuvault.tagDocument(s, { login_id, document_id, topic_id }),
  ),
  untagDocument: inSession((s, { document_id, topic_id }, login_id) =>
    docuvault.untagDocument(s, { login_id, document_id, topic_id }),
  ),
  updateDocument: inSession((s, { document_id }, login_id) =>
    docuvault.updateDocument(s, { login_id, document_id }, { filename: 'b.txt' }),
  ),
  uploadDocument: ({ vault }, login_id) => docuvault.uploadDocument(vault, { login_id, ...file }),
  // these end what the others need, so they come last
  unshareDocument: inSession((s, { document_id, friend }, login_id) =>
    docuvault.unshareDocument(s, { login_id, document_id, recipient_id: friend.id }),
  ),
  deleteDocument: ({ vault, document_id }, login_id) =>
    docuvault.deleteDocument(vault, { login_id, document_id }),
  disconnectCloud: inSession((s, { connection_id }, login_id) =>
    docuvault.disconnectCloud(s, { login_id, connection_id }),
  ),
  deleteFolder: inSession((s, { folder_id }, login_id) => docuvault.deleteFolder(s, { login_id, folder_id })),
  deleteFolderTree: async ({ vault, db }, login_id) => {
    const folder = await db.session((s) => docuvault.createFolder(s, { login_id, name: fresh('f') }));
    return docuvault.deleteFolderTree(vault, { login_id, folder_id: folder.id });
  },
  setPassword: inSession((s, { password_hash }, login_id) =>
    docuvault.setPassword(s, { login_id, password_hash }),
  ),
  revokeAllTokens: inSession((s, _, login_id) => docuvault.revokeAllTokens(s, { login_id })),
  deleteUser: ({ vault }, login_id) => docuvault.deleteUser(vault, { login_id }),
} satisfies Record<string, Service>;

/** Every service that only an administrator may call, with a call of it. */
export const adminServices = {
  listUsers: inSession((s, _, login_id) => docuvault.listUsers(s, { login_id })),
  registerUser: inSession((s, { password_hash }, login_id) => {
    const handle = fresh('r');
    return docuvault.registerUser(s, { login_id, handle, email: `${handle}@example.org`, password_hash });
  }),
  setQuota: inSession((s, { friend }, login_id) =>
    docuvault.setQuota(s, { login_id, user_id: friend.id, limit_bytes: 5_000 }),
  ),
  setRole: inSession((s, { friend }, login_id) =>
    docuvault.setRole(s, { login_id, user_id: friend.id, role: 'user' }),
  ),
  setActive: inSession((s, { friend }, login_id) =>
    docuvault.setActive(s, { login_id, user_id: friend.id, is_active: false }),
  ),
} satisfies Record<string, Service>;

/** Calls of services for users that only an administrator may make, because they are about another user, or all users. */
export const adminCalls: Readonly<Record<string, Service>> = {
  'createTopic, shared': inSession((s, _, login_id) =>
    docuvault.createTopic(s, { login_id, name: fresh('t'), shared: true }),
  ),
  'disableTotp of another': inSession((s, { friend }, login_id) =>
    docuvault.disableTotp(s, { login_id, user_id: friend.id }),
  ),
  'queryEvents of another': inSession((s, { friend }, login_id) =>
    docuvault.queryEvents(s, { login_id, user_id: friend.id }),
  ),
  'quotaOf another': inSession((s, { friend }, login_id) =>
    docuvault.quotaOf(s, { login_id, user_id: friend.id }),
  ),
  'revokeAllTokens of another': inSession((s, { friend }, login_id) =>
    docuvault.revokeAllTokens(s, { login_id, user_id: friend.id }),
  ),
  'setPassword of another': inSession((s, { friend, password_hash }, login_id) =>
    docuvault.setPassword(s, { login_id, user_id: friend.id, password_hash }),
  ),
  'deleteUser of another': ({ vault, friend }, login_id) =>
    docuvault.deleteUser(vault, { login_id, user_id: friend.id }),
};

/** Every exported function that needs no login, and why. */
export const withoutLogin: Readonly<Record<string, string>> = {
  logIn: 'it makes the login',
  rotateToken: 'the refresh token is the login',
  revokeToken: 'the refresh token is the login',
  createFirstAdmin: 'there is no user yet; the command line of the operator calls it',
  purgeExpired: 'the operator calls it; it acts for no user',
  sweep: 'the operator calls it; it acts for no user',
  checkPassword: 'it computes',
  diskStore: 'it opens a store',
  docuvaultSettings: 'it reads the environment',
  hashPassword: 'it computes',
  normaliseEmail: 'it computes',
  s3Store: 'it opens a store',
  totpCode: 'it computes',
  vaultOf: 'it opens a store',
};

/** A login id that no login has. */
export const noLogin = randomUUID();
