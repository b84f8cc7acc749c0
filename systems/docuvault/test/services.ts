import { randomBytes, randomUUID } from 'node:crypto';
import * as docuvault from '@ashlar/docuvault';
import type { OpenVault, TestUser } from './support.js';
import { fresh, password, store } from './support.js';

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

/** A secret of a cloud connection, which only `cloudCredentials` returns. */
export const cloudKey = `cloud-${randomUUID()}`;

/** Changes the input of a service: what a caller sends instead of what the types allow. */
export type Change = (input: Readonly<Record<string, unknown>>) => Record<string, unknown>;

let changed: Change | undefined;

/** Runs calls of services whose inputs are changed. */
export async function withInput<T>(change: Change, run: () => Promise<T>): Promise<T> {
  changed = change;
  try {
    return await run();
  } finally {
    changed = undefined;
  }
}

const isInput = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' &&
  value !== null &&
  Object.getPrototypeOf(value) === Object.prototype &&
  !('blobs' in value);

/** The services, with changed inputs while {@link withInput} runs. */
const api = Object.fromEntries(
  Object.entries(docuvault).map(([name, value]) => [
    name,
    typeof value !== 'function'
      ? value
      : (...args: unknown[]) =>
          (value as (...all: unknown[]) => unknown)(
            ...args.map((each) => (changed && isInput(each) ? changed(each) : each)),
          ),
  ]),
) as unknown as typeof docuvault;

/** Makes rows for every service to work on. */
export async function makeWorld(
  open: OpenVault,
  users: Pick<World, 'owner' | 'friend' | 'admin'>,
  password_hash: string,
): Promise<World> {
  const { owner, friend } = users;
  const { login_token } = owner;
  const document = await store(open.vault, owner, 'text', { extracted_text: 'text' });
  const rest = await open.db.session(async (s) => {
    const folder = await api.createFolder(s, { login_token, name: fresh('f') });
    const topic = await api.createTopic(s, { login_token, name: fresh('t') });
    const ref = { login_token, document_id: document.id };
    await api.tagDocument(s, { ...ref, topic_id: topic.id });
    await api.shareDocument(s, { ...ref, recipient_id: friend.id, permission: 'read' });
    const connection = await api.connectCloud(s, {
      login_token,
      provider: 's3',
      display_name: 'x',
      credentials: { key: cloudKey },
    });
    return { folder_id: folder.id, topic_id: topic.id, connection_id: connection.id };
  });
  return { ...open, ...users, ...rest, document_id: document.id, password_hash };
}

/** A call of a service in a login. */
export type Service = (world: World, login_token: string) => Promise<unknown>;

const inSession =
  (call: (s: docuvault.DocuvaultSession, world: World, login_token: string) => Promise<unknown>): Service =>
  (world, login_token) =>
    world.db.session((s) => call(s, world, login_token));

const content = Buffer.from('bytes');
const file = { filename: 'a.txt', content_type: 'text/plain', content };

/** Every service that needs a login, with a call of it that succeeds for the owner of the rows. */
export const userServices = {
  cloudCredentials: inSession((s, w, login_token) =>
    api.cloudCredentials(s, { login_token, connection_id: w.connection_id }),
  ),
  confirmTotp: inSession((s, _, login_token) => api.confirmTotp(s, { login_token, code: '000000' })),
  connectCloud: inSession((s, _, login_token) =>
    api.connectCloud(s, { login_token, provider: 's3', display_name: 'y', credentials: { key: cloudKey } }),
  ),
  createFolder: inSession((s, _, login_token) => api.createFolder(s, { login_token, name: fresh('f') })),
  createTopic: inSession((s, _, login_token) => api.createTopic(s, { login_token, name: fresh('t') })),
  disableTotp: ({ db }, login_token) => api.disableTotp(db, { login_token, password }),
  documentsAbout: inSession((s, { topic_id }, login_token) =>
    api.documentsAbout(s, { login_token, topic_id }),
  ),
  enrolTotp: inSession((s, _, login_token) => api.enrolTotp(s, { login_token })),
  folderPath: inSession((s, { folder_id }, login_token) => api.folderPath(s, { login_token, folder_id })),
  listConnections: inSession((s, _, login_token) => api.listConnections(s, { login_token })),
  listDocuments: inSession((s, _, login_token) => api.listDocuments(s, { login_token })),
  listFolders: inSession((s, _, login_token) => api.listFolders(s, { login_token, parent_id: null })),
  listTopics: inSession((s, _, login_token) => api.listTopics(s, { login_token })),
  moveDocument: inSession((s, { document_id, folder_id }, login_token) =>
    api.moveDocument(s, { login_token, document_id, folder_id }),
  ),
  moveFolder: inSession((s, { folder_id }, login_token) =>
    api.moveFolder(s, { login_token, folder_id, parent_id: null }),
  ),
  openDocument: async ({ vault, document_id }, login_token) => {
    const { document, content } = await api.openDocument(vault, { login_token, document_id });
    content.destroy();
    return document;
  },
  queryEvents: inSession((s, _, login_token) => api.queryEvents(s, { login_token })),
  quotaOf: inSession((s, _, login_token) => api.quotaOf(s, { login_token })),
  renameFolder: inSession((s, { folder_id }, login_token) =>
    api.renameFolder(s, { login_token, folder_id, name: fresh('f') }),
  ),
  renewCredentials: inSession((s, { connection_id }, login_token) =>
    api.renewCredentials(s, { login_token, connection_id, credentials: { key: 'l' } }),
  ),
  replaceContent: ({ vault, document_id }, login_token) =>
    api.replaceContent(vault, { login_token, document_id, content }),
  searchDocuments: inSession((s, _, login_token) => api.searchDocuments(s, { login_token, words: 'text' })),
  shareDocument: inSession((s, { document_id, friend }, login_token) =>
    api.shareDocument(s, { login_token, document_id, recipient_id: friend.id, permission: 'write' }),
  ),
  sharedWithMe: inSession((s, _, login_token) => api.sharedWithMe(s, { login_token })),
  sharesOf: inSession((s, { document_id }, login_token) => api.sharesOf(s, { login_token, document_id })),
  tagDocument: inSession((s, { document_id, topic_id }, login_token) =>
    api.tagDocument(s, { login_token, document_id, topic_id }),
  ),
  untagDocument: inSession((s, { document_id, topic_id }, login_token) =>
    api.untagDocument(s, { login_token, document_id, topic_id }),
  ),
  updateDocument: inSession((s, { document_id }, login_token) =>
    api.updateDocument(s, { login_token, document_id }, { filename: 'b.txt' }),
  ),
  uploadDocument: ({ vault }, login_token) => api.uploadDocument(vault, { login_token, ...file }),
  // these end what the others need, so they come last
  unshareDocument: inSession((s, { document_id, friend }, login_token) =>
    api.unshareDocument(s, { login_token, document_id, recipient_id: friend.id }),
  ),
  deleteDocument: ({ vault, document_id }, login_token) =>
    api.deleteDocument(vault, { login_token, document_id }),
  disconnectCloud: inSession((s, { connection_id }, login_token) =>
    api.disconnectCloud(s, { login_token, connection_id }),
  ),
  deleteFolder: inSession((s, { folder_id }, login_token) => api.deleteFolder(s, { login_token, folder_id })),
  deleteFolderTree: async ({ vault, db }, login_token) => {
    const folder = await db.session((s) => api.createFolder(s, { login_token, name: fresh('f') }));
    return api.deleteFolderTree(vault, { login_token, folder_id: folder.id });
  },
  setPassword: ({ db, password_hash }, login_token) =>
    api.setPassword(db, { login_token, password_hash, password }),
  revokeAllTokens: inSession((s, _, login_token) => api.revokeAllTokens(s, { login_token })),
  deleteUser: ({ vault }, login_token) => api.deleteUser(vault, { login_token, password }),
} satisfies Record<string, Service>;

/** Every service that only an administrator may call, with a call of it. */
export const adminServices = {
  listUsers: inSession((s, _, login_token) => api.listUsers(s, { login_token })),
  registerUser: inSession((s, { password_hash }, login_token) => {
    const handle = fresh('r');
    return api.registerUser(s, { login_token, handle, email: `${handle}@example.org`, password_hash });
  }),
  setQuota: inSession((s, { friend }, login_token) =>
    api.setQuota(s, { login_token, user_id: friend.id, limit_bytes: 5_000 }),
  ),
  setRole: inSession((s, { friend }, login_token) =>
    api.setRole(s, { login_token, user_id: friend.id, role: 'user' }),
  ),
  setActive: inSession((s, { friend }, login_token) =>
    api.setActive(s, { login_token, user_id: friend.id, is_active: false }),
  ),
} satisfies Record<string, Service>;

/** Calls of services for users that only an administrator may make, because they are about another user, or all users. */
export const adminCalls: Readonly<Record<string, Service>> = {
  'createTopic, shared': inSession((s, _, login_token) =>
    api.createTopic(s, { login_token, name: fresh('t'), shared: true }),
  ),
  'disableTotp of another': ({ db, friend }, login_token) =>
    api.disableTotp(db, { login_token, user_id: friend.id }),
  'queryEvents of another': inSession((s, { friend }, login_token) =>
    api.queryEvents(s, { login_token, user_id: friend.id }),
  ),
  'quotaOf another': inSession((s, { friend }, login_token) =>
    api.quotaOf(s, { login_token, user_id: friend.id }),
  ),
  'revokeAllTokens of another': inSession((s, { friend }, login_token) =>
    api.revokeAllTokens(s, { login_token, user_id: friend.id }),
  ),
  'setPassword of another': ({ db, friend, password_hash }, login_token) =>
    api.setPassword(db, { login_token, user_id: friend.id, password_hash }),
  'deleteUser of another': ({ vault, friend }, login_token) =>
    api.deleteUser(vault, { login_token, user_id: friend.id }),
};

/** Every exported function that needs no login, and why. */
export const withoutLogin: Readonly<Record<string, string>> = {
  logIn: 'it makes the login',
  rotateToken: 'the refresh token is the login',
  revokeToken: 'the refresh token is the login',
  createFirstAdmin: 'there is no user yet; the command line of the operator calls it',
  unlockUser: 'the operator calls it; it acts for no user',
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

/** A login token that no login has. */
export const noLogin = randomBytes(32).toString('base64url');
