import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import {
  type Account,
  type BlobStore,
  createFirstAdmin,
  type DocumentDetails,
  type DocumentRef,
  type DocuvaultDatabase,
  diskStore,
  docuvault,
  hashPassword,
  type LoginResult,
  logIn,
  type NewDocument,
  openDocument,
  type Registration,
  registerUser,
  tables,
  uploadDocument,
  type Vault,
} from '@ashlar/docuvault';
import { type ConnectOptions, connect } from 'ashlar';
import { up } from 'ashlar/migrations';
import { markTestDatabase } from 'ashlar/testing';
import type { Place, TestEngine } from '../../../test/support/engines.js';

/** A low cost for password hashes. One test uses the real cost. */
export const cheap = { ln: 10, r: 8, p: 1 };

/** The master key of encrypted columns. */
export const columnKeys = { current: `1:${'7a'.repeat(32)}` };

/** The password of every test user. */
export const password = 'correct horse battery staple';
const hash = hashPassword(password, cheap);

/** A database in which the system is initialised, with its store of bytes. */
export interface OpenVault {
  readonly db: DocuvaultDatabase;
  readonly blobs: BlobStore;
  readonly vault: Vault;
  readonly place: Place;
  /** The folder of the bytes. */
  readonly folder: string;
  remove(): Promise<void>;
}

/** Initialises the system in a fresh database with an empty store. */
export async function openVault(
  engine: TestEngine,
  options: Partial<ConnectOptions> = {},
): Promise<OpenVault> {
  const place = await engine.place();
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-docuvault-'));
  const db = await connect(docuvault, { url: place.url, key: place.key, columnKeys, ...options });
  await up(db.engine, docuvault);
  if (options.clock) await markTestDatabase(db.engine);
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
}

/** Returns a unique name. */
export function fresh(prefix: string): string {
  return `${prefix}-${randomUUID()}`;
}

/** A user of a test, with a login. */
export interface TestUser extends Account {
  readonly login_token: string;
  /** The first refresh token of the login. */
  readonly token: string;
}

/** Logs a user in with a cheap hash; throws if that is refused. */
export async function loginOf(
  db: DocuvaultDatabase,
  handle: string,
  secret = password,
): Promise<LoginResult & { ok: true }> {
  const login = await logIn(db, { login: handle, password: secret }, { cost: cheap });
  if (!login.ok) throw new Error(`${handle} cannot log in: ${login.reason}`);
  return login;
}

const adminHandle = 'the-admin';

/** The first administrator, created when missing, in a new login. */
export async function adminOf(db: DocuvaultDatabase): Promise<TestUser> {
  const password_hash = await hash;
  const admin = { handle: adminHandle, email: 'admin@example.org', password_hash };
  await db
    .session((s) => createFirstAdmin(s, admin))
    .catch((error: { code?: string }) => {
      if (error.code !== 'state-conflict') throw error;
    });
  const { user, login_token, token } = await loginOf(db, adminHandle);
  return { ...user, login_token, token };
}

/** Registers a user and logs in as the user. */
export async function someUser(
  db: DocuvaultDatabase,
  limit_bytes?: number,
  changes: Partial<Registration> = {},
): Promise<TestUser> {
  const handle = fresh('u');
  const password_hash = await hash;
  const { login_token: admin } = await adminOf(db);
  const given = { handle, email: `${handle}@example.org`, password_hash, ...changes };
  await db.session((s) => registerUser(s, { login_token: admin, ...given, limit_bytes }));
  const { user, login_token, token } = await loginOf(db, given.handle);
  return { ...user, login_token, token };
}

/** Stores a text as a document. */
export function store(
  vault: Vault,
  user: Pick<TestUser, 'login_token'>,
  text: string,
  changes: Partial<NewDocument> = {},
): Promise<DocumentDetails> {
  return uploadDocument(vault, {
    login_token: user.login_token,
    filename: `${fresh('d')}.txt`,
    content_type: 'text/plain',
    content: Buffer.from(text),
    ...changes,
  });
}

/** Returns a document's bytes as text. */
export async function textOf(vault: Vault, ref: DocumentRef): Promise<string> {
  return (await buffer((await openDocument(vault, ref)).content)).toString();
}

/** Lists the names of all files in the folder of the bytes. */
export async function filesIn(folder: string): Promise<string[]> {
  return (
    (await readdir(folder, { recursive: true, withFileTypes: true }))
      // `owner` is the mark of the store
      .filter((entry) => entry.isFile() && entry.name !== 'owner')
      .map((entry) => entry.name)
      .sort()
  );
}

/** Returns the rows of every table, as they are stored. */
export async function everyRow(db: DocuvaultDatabase): Promise<Record<string, readonly unknown[]>> {
  const all: Record<string, readonly unknown[]> = {};
  for (const { name } of Object.values(tables))
    all[name] = await db.read((s) =>
      s.query
        .selectFrom(name as 'users')
        .selectAll()
        .execute(),
    );
  return all;
}

/** Returns the quotas that differ from their documents, the keys of the documents, and the files of the store. */
export async function inspect({ db, folder }: Pick<OpenVault, 'db' | 'folder'>) {
  const { documents, quotas } = await db.read(async (s) => ({
    documents: await s.query
      .selectFrom('documents')
      .select(['user_id', 'size_bytes', 'text_bytes', 'object_key'])
      .execute(),
    quotas: await s.query.selectFrom('quotas').selectAll().execute(),
  }));
  const wrongQuotas = quotas.filter(({ user_id, used_bytes }) => {
    const owned = documents.filter((document) => document.user_id === user_id);
    return owned.reduce((sum, each) => sum + each.size_bytes + each.text_bytes, 0) !== used_bytes;
  });
  const referenced = documents.map(({ object_key }) => object_key).sort();
  return { wrongQuotas, referenced, files: await filesIn(folder) };
}
