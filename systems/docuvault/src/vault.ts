import { AshlarError } from 'ashlar';
import type { BlobStore, ByteSource, StagedBlob } from './blobs/blob-store.js';
import { diskStore } from './blobs/disk-store.js';
import { s3Store } from './blobs/s3-store.js';
import { claimStore } from './claim-store.js';
import { quotaExceeded, readQuota } from './quota.js';
import { type DocuvaultSettings, docuvaultSettings } from './settings.js';
import type { DocuvaultDatabase, DocuvaultSession } from './tables.js';

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

/** Content that was received, and the key under which it is stored. */
export type KeyedBlob = Pick<StagedBlob, 'sha256' | 'size'> & { readonly object_key: string };

/** Content to store, with the user whose quota is charged (`payer`) and the user who performs the action (`actor`). */
export interface StoredBytes {
  readonly payer: string;
  readonly actor: string;
  readonly source: ByteSource;
  /** What else the payer is charged, in bytes; negative when the new content replaces old content. */
  readonly takes?: number;
}

/**
 * Receives content and stores it under a key of its own; then runs `write` (which checks the caller, charges the quota and
 * writes the row) in one transaction, which waits for no store. When the session fails, the content is removed again.
 *
 * The writer and the remover of a key lock it. Content is therefore never removed between the check for its row and the
 * commit of that row.
 *
 * @throws AshlarError `size-exceeded`, `quota-exceeded`; `state-conflict` for a store of another database; `usage` inside a session; `store-failed`; the errors of `source`
 *   and `write`
 */
export async function keepBytes<R>(
  { db, blobs, settings = docuvaultSettings() }: Vault,
  { payer, actor, source, takes = 0 }: StoredBytes,
  write: (s: DocuvaultSession, blob: KeyedBlob) => Promise<R>,
): Promise<R> {
  assertNoSession(db);
  await claimStore({ db, blobs });
  const { max_upload_bytes } = settings;
  const quota = await db.read((s) => readQuota(s, payer));
  const free = quota.limit_bytes - quota.used_bytes - takes;
  // content that exceeds the free space need not be received
  const staged = await blobs
    .stage(source, { limit: Math.max(0, Math.min(max_upload_bytes, free)) })
    .catch((error) => {
      const isFull =
        error instanceof AshlarError && error.code === 'size-exceeded' && free < max_upload_bytes;
      throw isFull ? quotaExceeded(quota, `more than ${free} bytes`) : error;
    });
  const object_key = staged.key;
  try {
    await staged.store();
    return await db.session({ actor: `user:${actor}` }, async (s) => {
      const result = await write(s, { sha256: staged.sha256, size: staged.size, object_key });
      await s.lock(lockName(object_key));
      staged.assertKept();
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
export async function removeUnreferenced(
  { db, blobs }: Pick<Vault, 'db' | 'blobs'>,
  object_key: string,
): Promise<boolean> {
  if (await isReferenced(db, object_key)) return false;
  // after the session, which must not wait for a store: a key that no document has is never used again
  await blobs.remove(object_key);
  return true;
}

/** Whether a document has a key, when no session is writing it any longer. */
export async function isReferenced(db: DocuvaultDatabase, object_key: string): Promise<boolean> {
  assertNoSession(db);
  return db.session(async (s) => {
    await s.lock(lockName(object_key));
    const document = await s.query
      .selectFrom('documents')
      .select('id')
      .where('object_key', '=', object_key)
      .executeTakeFirst();
    return document !== undefined;
  });
}

const lockName = (object_key: string): string => `docuvault/bytes/${object_key}`;
