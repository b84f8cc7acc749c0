import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import {
  cloudCredentials,
  connectCloud,
  createFirstAdmin,
  createFolder,
  createTopic,
  type DocuvaultDatabase,
  diskStore,
  documentsAbout,
  folderPath,
  hashPassword,
  type LoginResult,
  listConnections,
  listDocuments,
  listFolders,
  listTopics,
  logIn,
  moveFolder,
  openDocument,
  quotaOf,
  registerUser,
  rotateToken,
  setQuota,
  shareDocument,
  sharedWithMe,
  sweep,
  tagDocument,
  uploadDocument,
  type Vault,
} from '@ashlar/docuvault';
import type { AshlarError } from 'ashlar';
import { count, did, found, say } from './output.js';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const password = 'demo: correct horse battery staple';

type Login = LoginResult & { readonly ok: true };

/** Stores the pages of this repository as documents of one user, tags and shares them, and shows what is refused. */
export async function runDocuvault(db: DocuvaultDatabase): Promise<void> {
  const vault = { db, blobs: diskStore(join('data', 'docuvault-bytes')) };
  const { abandoned, unreferenced, missing } = await sweep(vault);
  did(`swept: ${abandoned + unreferenced.length} leftovers removed, ${missing.length} hashes without bytes`);
  const admin = await administrator(db);
  const [ann, bob] = [await user(db, admin, 'ann'), await user(db, admin, 'bob')];
  await upload(vault, ann);
  await organise(db, ann);
  await share(vault, ann, bob);
  await exceedQuota(vault, ann, admin);
  await useCredentials(db, ann);
}

const administrator = async (db: DocuvaultDatabase): Promise<Login> => {
  const known = await logIn(db, { login: 'admin', password });
  if (known.ok) return known;
  const admin = {
    handle: 'admin',
    email: 'admin@demo.example',
    password_hash: await hashPassword(password),
  };
  await db.session((s) => createFirstAdmin(s, admin));
  did('created the first administrator');
  return logInAs(db, 'admin');
};

const logInAs = async (db: DocuvaultDatabase, handle: string): Promise<Login> => {
  const login = await logIn(db, { login: handle, password });
  if (!login.ok) throw new Error(`${handle} cannot log in: ${login.reason}`);
  return login;
};

const user = async (db: DocuvaultDatabase, { login_token }: Login, handle: string): Promise<Login> => {
  const known = await logIn(db, { login: handle, password });
  if (known.ok) {
    found(`user ${handle}, logged in`);
    return known;
  }
  const password_hash = await hashPassword(password);
  const registration = { login_token, handle, email: `${handle}@demo.example`, password_hash };
  await db.session((s) => registerUser(s, registration));
  did(`registered ${handle} with a quota of 100 MiB`);
  return logInAs(db, handle);
};

/** The paths of this repository's Markdown pages and license, relative to its root. */
const pages = async (): Promise<string[]> => {
  const folders = [
    '.',
    'docs',
    ...(await readdir(join(repository, 'systems'))).map((each) => join('systems', each)),
  ];
  const all = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(join(repository, folder)).catch(() => [])).map((name) => join(folder, name)),
    ),
  );
  return all.flat().filter((path) => path.endsWith('.md') || path === 'LICENSE');
};

const upload = async (vault: Vault, { login_token }: Login): Promise<void> => {
  const { db } = vault;
  const { rows: before } = await db.read((s) => listDocuments(s, { login_token }));
  if (before.length > 0) {
    found(`${count(before.length)} documents of this repository`);
    return;
  }
  const folders = new Map<string, string | null>([['.', null]]);
  const folderOf = async (path: string): Promise<string | null> => {
    const known = folders.get(path);
    if (known !== undefined) return known;
    const parent_id = await folderOf(dirname(path));
    const name = relative(dirname(path), path);
    const { id } = await db.session((s) => createFolder(s, { login_token, parent_id, name }));
    folders.set(path, id);
    return id;
  };
  const paths = await pages();
  for (const path of paths)
    await uploadDocument(vault, {
      login_token,
      folder_id: await folderOf(dirname(path)),
      filename: relative(dirname(path), path),
      content_type: path.endsWith('.md') ? 'text/markdown' : 'text/plain',
      content: createReadStream(join(repository, path)),
    });
  const { used_bytes } = await db.read((s) => quotaOf(s, { login_token }));
  did(
    `stored ${paths.length} pages of this repository in ${folders.size - 1} folders: ${count(used_bytes)} bytes`,
  );
};

const organise = async (db: DocuvaultDatabase, { login_token }: Login): Promise<void> => {
  const [systems] = await db
    .read((s) => listFolders(s, { login_token, parent_id: null }))
    .then(({ rows }) => rows.filter(({ name }) => name === 'systems'));
  if (!systems) return;
  const { rows } = await db.read((s) => listFolders(s, { login_token, parent_id: systems.id }));
  const [inner] = rows;
  if (!inner) return;
  const path = await db.read((s) => folderPath(s, { login_token, folder_id: inner.id }));
  const error = await db
    .session((s) => moveFolder(s, { login_token, folder_id: systems.id, parent_id: inner.id }))
    .catch(({ message }: AshlarError) => message);
  did(`tried to move “systems” into “${path.join('/')}”: ${error}`);
  const { rows: topics } = await db.read((s) => listTopics(s, { login_token }));
  const topic =
    topics[0] ?? (await db.session((s) => createTopic(s, { login_token, name: 'to read first' })));
  await db.session(async (s) => {
    for (const { id: document_id, filename } of (await listDocuments(s, { login_token })).rows)
      if (filename === 'README.md') await tagDocument(s, { login_token, document_id, topic_id: topic.id });
  });
  const about = await db.read((s) => documentsAbout(s, { login_token, topic_id: topic.id }));
  say(`    ${about.rows.length} documents have the topic “${topic.name}”`);
};

const share = async (vault: Vault, owner: Login, recipient: Login): Promise<void> => {
  const { db } = vault;
  const { login_token } = owner;
  const { rows: own } = await db.read((s) => listDocuments(s, { login_token, folder_id: null }));
  const license = own.find(({ filename }) => filename === 'LICENSE');
  if (!license) return;
  const shared = { login_token, document_id: license.id, recipient_id: recipient.user.id } as const;
  await db.session((s) => shareDocument(s, { ...shared, permission: 'read' }));
  const { rows } = await db.read((s) => sharedWithMe(s, { login_token: recipient.login_token }));
  for (const { id: document_id, filename, owner: from } of rows) {
    const { content } = await openDocument(vault, { login_token: recipient.login_token, document_id });
    const [line] = (await text(content)).split('\n');
    did(`${recipient.user.handle} reads ${filename}, shared by ${from}: “${line}”`);
  }
};

const exceedQuota = async (vault: Vault, { login_token, user_id }: Login, admin: Login): Promise<void> => {
  const { db } = vault;
  const { used_bytes, limit_bytes } = await db.read((s) => quotaOf(s, { login_token }));
  const about = { login_token: admin.login_token, user_id };
  await db.session((s) => setQuota(s, { ...about, limit_bytes: used_bytes + 10 }));
  const attempt = {
    login_token,
    filename: 'too large.txt',
    content_type: 'text/plain',
    content: Buffer.alloc(1_000),
  };
  const error = await uploadDocument(vault, attempt).catch(({ message }: AshlarError) => message);
  await db.session((s) => setQuota(s, { ...about, limit_bytes }));
  did(`tried to exceed the quota: ${typeof error === 'string' ? error : 'STORED'}`);
};

const useCredentials = async (db: DocuvaultDatabase, { user }: Login): Promise<void> => {
  const stolen = await logInAs(db, user.handle);
  const first = await db.session((s) => rotateToken(s, stolen.token));
  const second = await db.session((s) => rotateToken(s, stolen.token));
  did(
    `used a refresh token twice: ${first.ok ? 'exchanged' : first.reason}, then ${second.ok ? 'EXCHANGED' : second.reason}, and the login has ended`,
  );
  const { login_token } = await logInAs(db, user.handle);
  const { rows: connections } = await db.read((s) => listConnections(s, { login_token }));
  const { id: connection_id } =
    connections[0] ??
    (await db.session((s) =>
      connectCloud(s, {
        login_token,
        provider: 's3',
        display_name: 'Backups',
        credentials: { key: randomBytes(16).toString('hex') },
      }),
    ));
  const credentials = await db.read((s) => cloudCredentials(s, { login_token, connection_id }));
  did(`connected a cloud account: ${Object.keys(credentials).length} credential, stored encrypted`);
};
