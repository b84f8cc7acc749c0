import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import {
  type Asking,
  type BlobStore,
  type Document,
  type DocuvaultDatabase,
  diskStore,
  docuvault,
  hashPassword,
  type NewDocument,
  openDocument,
  registerUser,
  type User,
  uploadDocument,
  type Vault,
} from '@ashlar/docuvault';
import { type ConnectOptions, connect, up } from 'ashlar';
import type { Place, TestEngine } from '../../../test/support/engines.js';

/** What hashes cost in tests: what they cost for real is tested once. */
export const cheap = { ln: 10, r: 8, p: 1 };

export const columnKeys = { current: `1:${'7a'.repeat(32)}` };

/** The password of every user of these tests. */
export const password = 'correct horse battery staple';
const hash = hashPassword(password, cheap);

/** The system with its bytes, in a place of its own. */
export interface OpenVault {
  readonly db: DocuvaultDatabase;
  readonly blobs: BlobStore;
  readonly vault: Vault;
  readonly place: Place;
  /** The folder of the bytes. */
  readonly folder: string;
  remove(): Promise<void>;
}

/** Brings the system up in a fresh place. */
export const openVault = async (
  engine: TestEngine,
  options: Partial<ConnectOptions> = {},
): Promise<OpenVault> => {
  const place = await engine.place();
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-docuvault-'));
  const db = await connect(docuvault, { url: place.url, key: place.key, columnKeys, ...options });
  await up(db.engine, docuvault);
  const blobs = diskStore(folder);
  return {
    db,
    blobs,
    vault: { db, blobs },
    place,
    folder,
    remove: async () => {
      await db.close();
      await place.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

/** A name that no other test uses. */
export const fresh = (prefix: string): string => `${prefix}-${randomUUID()}`;

/** Registers a user of whom nothing is known but the quota. */
export const someUser = async (db: DocuvaultDatabase, limit_bytes?: number): Promise<User> => {
  const handle = fresh('u');
  const password_hash = await hash;
  return db.session((s) =>
    registerUser(s, { handle, email: `${handle}@example.org`, password_hash, limit_bytes }),
  );
};

/** Stores a text as a document. */
export const store = (
  vault: Vault,
  user: Pick<User, 'id'>,
  text: string,
  also: Partial<NewDocument> = {},
): Promise<Document> =>
  uploadDocument(vault, {
    user_id: user.id,
    filename: `${fresh('d')}.txt`,
    content_type: 'text/plain',
    content: Buffer.from(text),
    ...also,
  });

/** A document's bytes as text. */
export const textOf = async (vault: Vault, asking: Asking): Promise<string> =>
  (await buffer((await openDocument(vault, asking)).content)).toString();

/** Every file under the folder of the bytes. */
export const filesIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort();

/** That the accounts add up: each quota is what its documents hold, and the bytes are those that documents name. */
export const audit = async ({ db, folder }: Pick<OpenVault, 'db' | 'folder'>) => {
  const { documents, quotas } = await db.read(async (s) => ({
    documents: await s.query.selectFrom('documents').select(['user_id', 'size_bytes', 'sha256']).execute(),
    quotas: await s.query.selectFrom('quotas').selectAll().execute(),
  }));
  const wrong = quotas.filter(({ user_id, used_bytes }) => {
    const held = documents.filter((document) => document.user_id === user_id);
    return held.reduce((sum, { size_bytes }) => sum + size_bytes, 0) !== used_bytes;
  });
  const named = [...new Set(documents.map(({ sha256 }) => sha256))].sort();
  return { wrong, named, files: await filesIn(folder) };
};
