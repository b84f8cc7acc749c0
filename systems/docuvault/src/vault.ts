import { randomUUID } from 'node:crypto';
import { AshlarError } from 'ashlar';
import type { BlobStore, ByteSource, StagedBlob } from './blobs/blob-store.js';
import { diskStore } from './blobs/disk-store.js';
import { s3Store } from './blobs/s3-store.js';
import { quotaExceeded, readQuota } from './quota.js';
import { type DocuvaultSettings, docuvaultSettings } from './settings.js';
import type { DocuvaultSession } from './tables.js';
import type { DocuvaultDatabase } from './users.js';

/**
 * The database, and the blob store that holds the content of the documents. Services that use both take a vault instead
 * of a session.
 */
export interface Vault {
  readonly db: DocuvaultDatabase;
  readonly blobs: BlobStore;
  /** The settings. Default: those of the environment, read at each upload. */
  readonly settings?: DocuvaultSettings | undefined;
}

/**
 * Returns the vault of a database with the given settings: documents are stored in the bucket S3_URL if it is set, else in
 * the folder BLOB_DIR.
 *
 * @param settings - default: those of the environment
 * @throws AshlarError `settings-invalid`
 *
 * @example
 * const db = await connect(docuvault);
 * const vault = vaultOf(db);
 */
export function vaultOf(db: DocuvaultDatabase, settings: DocuvaultSettings = docuvaultSettings()): Vault {
  const { blob_dir, s3 } = settings;
  return { db, blobs: s3 ? s3Store({ ...s3, folder: blob_dir }) : diskStore(blob_dir), settings };
}

/** The number of keys per query. */
const batchSize = 500;

/** Content that was received, and the key under which it is stored. */
export type KeyedBlob = Pick<StagedBlob, 'sha256' | 'size'> & { readonly object_key: string };

/** Content to store, with the user whose quota is charged (`payer`) and the user who performs the action (`actor`). */
export interface StoredBytes {
  readonly payer: string;
  readonly actor: string;
  readonly source: ByteSource;
  /** The number of bytes that are credited to the payer because the new content replaces old content. */
  readonly frees?: number;
}

/**
 * Receives content, then runs `write` (which checks the caller, charges the quota and writes the row) and stores the
 * content under a key of its own, in one transaction. When the session fails, the content is removed again.
 *
 * The writer and the remover of a key lock it. Content is therefore never removed between the check for its row and the
 * commit of that row.
 *
 * @throws AshlarError `size-exceeded`, `quota-exceeded`; `usage` inside a session; `store-failed`; the errors of `source`
 *   and `write`
 */
export async function keepBytes<R>(
  { db, blobs, settings = docuvaultSettings() }: Vault,
  { payer, actor, source, frees = 0 }: StoredBytes,
  write: (s: DocuvaultSession, blob: KeyedBlob) => Promise<R>,
): Promise<R> {
  assertNoSession(db);
  const { max_upload_bytes } = settings;
  const quota = await db.read((s) => readQuota(s, payer));
  const free = quota.limit_bytes - quota.used_bytes + frees;
  // content that exceeds the free space need not be received
  const staged = await blobs.stage(source, { limit: Math.min(max_upload_bytes, free) }).catch((error) => {
    const isFull = error instanceof AshlarError && error.code === 'size-exceeded' && free < max_upload_bytes;
    throw isFull ? quotaExceeded(quota, `more than ${free} bytes`) : error;
  });
  const object_key = randomUUID();
  try {
    await staged.send(object_key);
    return await db.session({ actor: `user:${actor}` }, async (s) => {
      const result = await write(s, { sha256: staged.sha256, size: staged.size, object_key });
      await s.lock(lockName(object_key));
      await staged.keep(object_key);
      return result;
    });
  } catch (error) {
    await releaseBytes({ db, blobs }, object_key);
    throw error;
  } finally {
    await staged.discard();
  }
}

/**
 * Asserts that no session is running, because a rollback could restore a document but not its removed content.
 *
 * @throws AshlarError `usage`
 */
export function assertNoSession(db: DocuvaultDatabase): void {
  if (!db.inSession) return;
  throw new AshlarError('usage', {
    message: 'The content of documents cannot be stored or removed inside a session.',
    detail: 'A rollback of the session could not undo changes to files.',
    suggestion: 'Call this function outside of any session: the function opens its own session.',
  });
}

/**
 * Removes the content with the given key, which no document has any more. The change of the document is committed already,
 * so an error is ignored: a later {@link sweep} removes the content.
 */
export async function releaseBytes(vault: Pick<Vault, 'db' | 'blobs'>, object_key: string): Promise<void> {
  await removeUnreferenced(vault, object_key).catch(() => undefined);
}

/** Removes the bytes of a key unless a document has it, and returns whether it did. */
const removeUnreferenced = async (
  { db, blobs }: Pick<Vault, 'db' | 'blobs'>,
  object_key: string,
): Promise<boolean> =>
  withKeyLock(db, object_key, async (isReferenced) => {
    if (!isReferenced) await blobs.remove(object_key);
    return !isReferenced;
  });

/** Runs `work` while no other session can write a document with a key, or remove the bytes of the key. */
const withKeyLock = async <R>(
  db: DocuvaultDatabase,
  object_key: string,
  work: (isReferenced: boolean) => Promise<R>,
): Promise<R> => {
  assertNoSession(db);
  return db.session(async (s) => {
    await s.lock(lockName(object_key));
    const document = await s.query
      .selectFrom('documents')
      .select('id')
      .where('object_key', '=', object_key)
      .executeTakeFirst();
    return work(document !== undefined);
  });
};

/** The result of {@link sweep}: the content that was removed, and the content that is missing. */
export interface Sweep {
  /** The number of incomplete uploads that were removed because the processes that received them no longer run. */
  readonly abandoned: number;
  /** The keys of the content that was removed because no document has them. */
  readonly unreferenced: readonly string[];
  /** The keys of documents whose content is not stored. */
  readonly missing: readonly string[];
  /** The number of documents whose content a former version had stored under its hash; it has their keys now. */
  readonly adopted: number;
}

/**
 * Removes what killed processes have left behind: incomplete uploads, and content whose key no document has. Lists missing
 * content too. Only the operator calls it: run it at start; uploads and deletions may run concurrently. In a bucket, content
 * younger than a day stays (see `s3Store`).
 *
 * @throws AshlarError `usage` inside a session; `store-failed`
 */
export async function sweep({ db, blobs }: Pick<Vault, 'db' | 'blobs'>): Promise<Sweep> {
  assertNoSession(db);
  const abandoned = await blobs.clean();
  const unreferenced: string[] = [];
  for await (const batch of batches(blobs.list())) {
    const referenced = await db.read((s) =>
      s.query.selectFrom('documents').select('object_key').where('object_key', 'in', batch).execute(),
    );
    const kept = new Set(referenced.map(({ object_key }) => object_key));
    for (const object_key of batch)
      if (!kept.has(object_key) && (await removeUnreferenced({ db, blobs }, object_key)))
        unreferenced.push(object_key);
  }
  const { missing, adopted } = await checkContent({ db, blobs });
  if (missing.length === 0) await blobs.dropFormer?.();
  return { abandoned, unreferenced, missing, adopted };
}

const checkContent = async ({
  db,
  blobs,
}: Pick<Vault, 'db' | 'blobs'>): Promise<Pick<Sweep, 'missing' | 'adopted'>> => {
  const missing: string[] = [];
  let adopted = 0;
  // below every key that is a random UUID
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const rows = await db.read((s) =>
      s.query
        .selectFrom('documents')
        .select(['object_key', 'sha256'])
        .where('object_key', '>', after)
        .orderBy('object_key')
        .limit(batchSize)
        .execute(),
    );
    for (const { object_key, sha256 } of rows) {
      // a document without a hash was recorded before this system stored content
      if (sha256 === null || (await blobs.has(object_key))) continue;
      if (await blobs.adopt?.(sha256, object_key)) {
        adopted++;
        continue;
      }
      // check again under the lock: the document may have been deleted since its row was read
      const isMissing = await withKeyLock(
        db,
        object_key,
        async (isReferenced) => isReferenced && !(await blobs.has(object_key)),
      );
      if (isMissing) missing.push(object_key);
    }
    after = rows.at(-1)?.object_key ?? after;
    if (rows.length < batchSize) return { missing, adopted };
  }
};

const lockName = (object_key: string): string => `docuvault/bytes/${object_key}`;

const batches = async function* (keys: AsyncIterable<string>): AsyncGenerator<string[]> {
  let batch: string[] = [];
  for await (const key of keys) {
    batch.push(key);
    if (batch.length < batchSize) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
};
