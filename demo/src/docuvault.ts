import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import {
  cloudCredentials,
  connectCloud,
  createFolder,
  createTopic,
  type DocuvaultDatabase,
  diskStore,
  documentsAbout,
  folderPath,
  hashPassword,
  issueToken,
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
  type User,
  uploadDocument,
  type Vault,
} from '@ashlar/docuvault';
import type { AshlarError } from 'ashlar';
import { count, did, found, say } from './output.js';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const password = 'demo: correct horse battery staple';

/** Stores the pages of this repository as documents of one user, tags and shares them, and shows what is refused. */
export async function runDocuvault(db: DocuvaultDatabase): Promise<void> {
  const vault = { db, blobs: diskStore(join('data', 'docuvault-bytes')) };
  const { abandoned, unreferenced, missing } = await sweep(vault);
  did(`swept: ${abandoned + unreferenced.length} leftovers removed, ${missing.length} hashes without bytes`);
  const [ann, bob] = [await user(db, 'ann'), await user(db, 'bob')];
  await upload(vault, ann);
  await organise(db, ann);
  await share(vault, ann, bob);
  await exceedQuota(vault, ann);
  await useCredentials(db, ann);
}

const user = async (db: DocuvaultDatabase, handle: string): Promise<User> => {
  const known = await logIn(db, { login: handle, password });
  if (known) {
    found(`user ${handle}, logged in`);
    return known;
  }
  const password_hash = await hashPassword(password);
  const registered = await db.session((s) =>
    registerUser(s, { handle, email: `${handle}@demo.example`, password_hash }),
  );
  did(`registered ${handle} with a quota of 100 MiB`);
  return registered;
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

const upload = async (vault: Vault, { id: user_id }: User): Promise<void> => {
  const { db } = vault;
  const before = await db.read((s) => listDocuments(s, { user_id }));
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
    const { id } = await db.session((s) => createFolder(s, { user_id, parent_id, name }));
    folders.set(path, id);
    return id;
  };
  const paths = await pages();
  for (const path of paths)
    await uploadDocument(vault, {
      user_id,
      folder_id: await folderOf(dirname(path)),
      filename: relative(dirname(path), path),
      content_type: path.endsWith('.md') ? 'text/markdown' : 'text/plain',
      content: createReadStream(join(repository, path)),
    });
  const { used_bytes } = await db.read((s) => quotaOf(s, user_id));
  did(
    `stored ${paths.length} pages of this repository in ${folders.size - 1} folders: ${count(used_bytes)} bytes`,
  );
};

const organise = async (db: DocuvaultDatabase, { id: user_id }: User): Promise<void> => {
  const [systems] = await db
    .read((s) => listFolders(s, { user_id, parent_id: null }))
    .then((all) => all.filter(({ name }) => name === 'systems'));
  const [inner] = systems ? await db.read((s) => listFolders(s, { user_id, parent_id: systems.id })) : [];
  if (!systems || !inner) return;
  const path = await db.read((s) => folderPath(s, { user_id, folder_id: inner.id }));
  const error = await db
    .session((s) => moveFolder(s, { user_id, folder_id: systems.id, parent_id: inner.id }))
    .catch(({ message }: AshlarError) => message);
  did(`tried to move “systems” into “${path.join('/')}”: ${error}`);
  const topics = await db.read((s) => listTopics(s, user_id));
  const topic = topics[0] ?? (await db.session((s) => createTopic(s, { user_id, name: 'to read first' })));
  await db.session(async (s) => {
    for (const { id: document_id, filename } of await listDocuments(s, { user_id }))
      if (filename === 'README.md') await tagDocument(s, { user_id, document_id, topic_id: topic.id });
  });
  const about = await db.read((s) => documentsAbout(s, { user_id, topic_id: topic.id }));
  say(`    ${about.length} documents have the topic “${topic.name}”`);
};

const share = async (vault: Vault, owner: User, recipient: User): Promise<void> => {
  const { db } = vault;
  const license = (await db.read((s) => listDocuments(s, { user_id: owner.id, folder_id: null }))).find(
    ({ filename }) => filename === 'LICENSE',
  );
  if (!license) return;
  const ref = { user_id: owner.id, document_id: license.id };
  await db.session((s) => shareDocument(s, { ...ref, recipient_id: recipient.id, permission: 'read' }));
  for (const { id: document_id, filename, owner: from } of await db.read((s) =>
    sharedWithMe(s, recipient.id),
  )) {
    const { content } = await openDocument(vault, { user_id: recipient.id, document_id });
    const [line] = (await text(content)).split('\n');
    did(`${recipient.handle} reads ${filename}, shared by ${from}: “${line}”`);
  }
};

const exceedQuota = async (vault: Vault, { id: user_id }: User): Promise<void> => {
  const { db } = vault;
  const { used_bytes, limit_bytes } = await db.read((s) => quotaOf(s, user_id));
  await db.session((s) => setQuota(s, { user_id, limit_bytes: used_bytes + 10 }));
  const attempt = {
    user_id,
    filename: 'too large.txt',
    content_type: 'text/plain',
    content: Buffer.alloc(1_000),
  };
  const error = await uploadDocument(vault, attempt).catch(({ message }: AshlarError) => message);
  await db.session((s) => setQuota(s, { user_id, limit_bytes }));
  did(`tried to exceed the quota: ${typeof error === 'string' ? error : 'STORED'}`);
};

const useCredentials = async (db: DocuvaultDatabase, { id: user_id }: User): Promise<void> => {
  const { token } = await db.session((s) => issueToken(s, user_id));
  const first = await db.session((s) => rotateToken(s, token));
  const second = await db.session((s) => rotateToken(s, token));
  did(
    `used a refresh token twice: ${first.ok ? 'exchanged' : first.reason}, then ${second.ok ? 'EXCHANGED' : second.reason}, and the token family is revoked`,
  );
  const connections = await db.read((s) => listConnections(s, user_id));
  const { id: connection_id } =
    connections[0] ??
    (await db.session((s) =>
      connectCloud(s, {
        user_id,
        provider: 's3',
        display_name: 'Backups',
        credentials: { key: randomBytes(16).toString('hex') },
      }),
    ));
  const credentials = await db.read((s) => cloudCredentials(s, { user_id, connection_id }));
  did(`connected a cloud account: ${Object.keys(credentials).length} credential, stored encrypted`);
};
