import { AshlarError } from 'ashlar';
import type { BlobStore, ByteSource, StagedBlob } from './blobs/blob-store.js';
import { quotaExceeded, quotaOf } from './quota.js';
import type { DocuvaultSession } from './tables.js';
import type { DocuvaultDatabase } from './users.js';

/**
 * The database, and the blob store that holds the content of the documents. Services that use both take a vault instead
 * of a session.
 */
export interface Vault {
  readonly db: DocuvaultDatabase;
  readonly blobs: BlobStore;
  /** The maximum size of a document, in bytes. Default 50 MiB. */
  readonly max_upload_bytes?: number | undefined;
}

/** The number of hashes per query. */
const batchSize = 500;

/** Content to store, with the user whose quota is charged (`payer`) and the user who performs the action (`actor`). */
export interface StoredBytes {
  readonly payer: string;
  readonly actor: string;
  readonly source: ByteSource;
  /** The number of bytes that are credited to the payer because the new content replaces old content. */
  readonly frees?: number;
}

/**
 * Receives content, then runs `write` (which charges the quota and writes the row) and stores the content under its
 * hash, in one transaction. When the session fails, the content is removed again.
 *
 * Writers and removers of a reference lock the hash. Content is therefore never removed between the check for
 * references and the commit of a new reference.
 *
 * @throws AshlarError `size-exceeded`, `quota-exceeded`; `usage` inside a session; the errors of `source` and `write`
 */
export async function keepBytes<R>(
  { db, blobs, max_upload_bytes = 52_428_800 }: Vault,
  { payer, actor, source, frees = 0 }: StoredBytes,
  write: (s: DocuvaultSession, staged: StagedBlob) => Promise<R>,
): Promise<R> {
  assertNoSession(db);
  const quota = await db.read((s) => quotaOf(s, payer));
  const free = quota.limit_bytes - quota.used_bytes + frees;
  // content that exceeds the free space need not be received
  const staged = await blobs.stage(source, { limit: Math.min(max_upload_bytes, free) }).catch((error) => {
    const isFull = error instanceof AshlarError && error.code === 'size-exceeded' && free < max_upload_bytes;
    throw isFull ? quotaExceeded(quota, `more than ${free} bytes`) : error;
  });
  let stored = false;
  try {
    return await db.session({ actor: `user:${actor}` }, async (s) => {
      const result = await write(s, staged);
      await s.lock(lockName(staged.sha256));
      stored = true;
      await staged.keep();
      return result;
    });
  } catch (error) {
    if (stored) await releaseBytes({ db, blobs }, staged.sha256);
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
 * Removes the content with the given hash, which a document has ceased to reference, unless another document references
 * it. The change of the document is committed already, so an error is ignored: the next {@link sweep} removes the
 * content.
 */
export async function releaseBytes(vault: Pick<Vault, 'db' | 'blobs'>, sha256: string | null): Promise<void> {
  if (sha256 !== null) await removeUnreferenced(vault, sha256).catch(() => undefined);
}

/** Removes the bytes of a hash unless a document references them, and returns whether it did. */
const removeUnreferenced = async (
  { db, blobs }: Pick<Vault, 'db' | 'blobs'>,
  sha256: string,
): Promise<boolean> =>
  withHashLock(db, sha256, async (isReferenced) => {
    if (!isReferenced) await blobs.remove(sha256);
    return !isReferenced;
  });

/** Runs `work` while no other session can reference or remove the bytes of a hash. */
const withHashLock = async <R>(
  db: DocuvaultDatabase,
  sha256: string,
  work: (isReferenced: boolean) => Promise<R>,
): Promise<R> => {
  assertNoSession(db);
  return db.session(async (s) => {
    await s.lock(lockName(sha256));
    const reference = await s.query
      .selectFrom('documents')
      .select('id')
      .where('sha256', '=', sha256)
      .limit(1)
      .executeTakeFirst();
    return work(reference !== undefined);
  });
};

/** The result of {@link sweep}: the content that was removed, and the content that is missing. */
export interface Sweep {
  /** The number of incomplete uploads that were removed because the processes that received them no longer run. */
  readonly abandoned: number;
  /** The hashes of the content that was removed because no document referenced it. */
  readonly unreferenced: readonly string[];
  /** The hashes that documents reference but for which no content is stored. */
  readonly missing: readonly string[];
}

/**
 * Removes what killed processes have left behind: incomplete uploads, and content that no document references. Lists
 * missing content too. Run it at start; uploads and deletions may run concurrently.
 *
 * @throws AshlarError `usage` inside a session
 */
export async function sweep({ db, blobs }: Pick<Vault, 'db' | 'blobs'>): Promise<Sweep> {
  assertNoSession(db);
  const abandoned = await blobs.clean();
  const unreferenced: string[] = [];
  for await (const batch of batches(blobs.list())) {
    const referenced = await db.read((s) =>
      s.query.selectFrom('documents').select('sha256').distinct().where('sha256', 'in', batch).execute(),
    );
    const kept = new Set(referenced.map(({ sha256 }) => sha256));
    for (const sha256 of batch)
      if (!kept.has(sha256) && (await removeUnreferenced({ db, blobs }, sha256))) unreferenced.push(sha256);
  }
  return { abandoned, unreferenced, missing: await missingBytes({ db, blobs }) };
}

const missingBytes = async ({ db, blobs }: Pick<Vault, 'db' | 'blobs'>): Promise<string[]> => {
  const missing: string[] = [];
  let after = '';
  for (;;) {
    const rows = await db.read((s) =>
      s.query
        .selectFrom('documents')
        .select('sha256')
        .distinct()
        .where('sha256', '>', after)
        .orderBy('sha256')
        .limit(batchSize)
        .execute(),
    );
    for (const { sha256 } of rows) {
      if (sha256 === null || (await blobs.has(sha256))) continue;
      // check again under the lock: the document may have been deleted since its row was read
      const isMissing = await withHashLock(
        db,
        sha256,
        async (isReferenced) => isReferenced && !(await blobs.has(sha256)),
      );
      if (isMissing) missing.push(sha256);
    }
    after = rows.at(-1)?.sha256 ?? '';
    if (rows.length < batchSize) return missing;
  }
};

const lockName = (sha256: string): string => `docuvault/bytes/${sha256}`;

const batches = async function* (hashes: AsyncIterable<string>): AsyncGenerator<string[]> {
  let batch: string[] = [];
  for await (const hash of hashes) {
    batch.push(hash);
    if (batch.length < batchSize) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
};
