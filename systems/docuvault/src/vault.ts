import { AshlarError } from 'ashlar';
import type { BlobStore, ByteSource, StagedBlob } from './blobs/blob-store.js';
import { quotaExceeded, quotaOf } from './quota.js';
import type { DocuvaultSession } from './tables.js';
import type { DocuvaultDatabase } from './users.js';

/** The database and the bytes beside it: what services that touch both take, in place of a session. */
export interface Vault {
  readonly db: DocuvaultDatabase;
  readonly blobs: BlobStore;
  /** The largest document, in bytes. Default 50 MiB. */
  readonly max_upload_bytes?: number | undefined;
}

/** How many hashes are looked up at a time. */
const batchSize = 500;

/** Bytes to keep: from whom, and on whose account. */
export interface Storing {
  readonly payer: string;
  readonly actor: string;
  readonly source: ByteSource;
  /** How many bytes the payer gets back when these are stored, because they take the place of others. */
  readonly frees?: number;
}

/**
 * Receives bytes, and keeps them in the transaction that names them: `write` charges the quota and writes the row, and
 * only then do the bytes get their name. Where the session fails they go again.
 *
 * Who names bytes and who removes them hold the hash meanwhile: so bytes are never removed between the look whether
 * somebody names them and the commit of somebody who does.
 *
 * @throws AshlarError `size-exceeded`, `quota-exceeded`; `usage` inside a session; what `source` and `write` throw
 */
export const keepBytes = async <R>(
  { db, blobs, max_upload_bytes = 52_428_800 }: Vault,
  { payer, actor, source, frees = 0 }: Storing,
  write: (s: DocuvaultSession, staged: StagedBlob) => Promise<R>,
): Promise<R> => {
  assertOutside(db);
  const quota = await db.read((s) => quotaOf(s, payer));
  const free = quota.limit_bytes - quota.used_bytes + frees;
  // what cannot be charged need not be received
  const staged = await blobs.stage(source, { limit: Math.min(max_upload_bytes, free) }).catch((error) => {
    const isFull = error instanceof AshlarError && error.code === 'size-exceeded' && free < max_upload_bytes;
    throw isFull ? quotaExceeded(quota, `more than ${free} bytes`) : error;
  });
  let named = false;
  try {
    return await db.session({ actor: `user:${actor}` }, async (s) => {
      const result = await write(s, staged);
      await s.lock(nameOf(staged.sha256));
      named = true;
      await staged.keep();
      return result;
    });
  } catch (error) {
    if (named) await letGo({ db, blobs }, staged.sha256);
    throw error;
  } finally {
    await staged.discard();
  }
};

/** Refuses to run inside a session: bytes that were removed would not come back with a document that did. */
export const assertOutside = (db: DocuvaultDatabase): void => {
  if (!db.inSession) return;
  throw new AshlarError('usage', {
    message: 'Bytes cannot be stored or removed inside a session.',
    detail: 'The session could still be undone, and files cannot.',
    suggestion: 'Call it after the session has ended: it opens one of its own.',
  });
};

/**
 * Removes the bytes of a hash that a document named until now, unless another does. What was done with the document is
 * kept already, so where this fails nobody is told: the next sweep finds them.
 */
export const letGo = async (vault: Pick<Vault, 'db' | 'blobs'>, sha256: string | null): Promise<void> => {
  if (sha256 !== null) await removeUnnamed(vault, sha256).catch(() => undefined);
};

/** Removes the bytes of a hash, unless a document names them. @returns whether it did */
const removeUnnamed = async ({ db, blobs }: Pick<Vault, 'db' | 'blobs'>, sha256: string): Promise<boolean> =>
  holding(db, sha256, async (isNamed) => {
    if (!isNamed) await blobs.remove(sha256);
    return !isNamed;
  });

/** Runs `work` while nobody else names these bytes or removes them. */
const holding = async <R>(
  db: DocuvaultDatabase,
  sha256: string,
  work: (isNamed: boolean) => Promise<R>,
): Promise<R> => {
  assertOutside(db);
  return db.session(async (s) => {
    await s.lock(nameOf(sha256));
    const named = await s.query
      .selectFrom('documents')
      .select('id')
      .where('sha256', '=', sha256)
      .limit(1)
      .executeTakeFirst();
    return work(named !== undefined);
  });
};

/** What a sweep found. */
export interface Sweep {
  /** Uploads that no living process was receiving: removed. */
  readonly abandoned: number;
  /** Hashes that no document names: removed. */
  readonly unnamed: readonly string[];
  /** Hashes that documents name and the store does not have. */
  readonly missing: readonly string[];
}

/**
 * Removes what a process that was killed left behind: bytes that it was receiving, and bytes that no document names.
 * Run it at start; uploads and deletions may go on meanwhile.
 */
export const sweep = async ({ db, blobs }: Pick<Vault, 'db' | 'blobs'>): Promise<Sweep> => {
  assertOutside(db);
  const abandoned = await blobs.clean();
  const unnamed: string[] = [];
  for await (const batch of batches(blobs.list())) {
    const named = await db.read((s) =>
      s.query.selectFrom('documents').select('sha256').distinct().where('sha256', 'in', batch).execute(),
    );
    const kept = new Set(named.map(({ sha256 }) => sha256));
    for (const sha256 of batch)
      if (!kept.has(sha256) && (await removeUnnamed({ db, blobs }, sha256))) unnamed.push(sha256);
  }
  return { abandoned, unnamed, missing: await missingBytes({ db, blobs }) };
};

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
      // or its document was deleted since its row was read
      const isMissing = await holding(db, sha256, async (isNamed) => isNamed && !(await blobs.has(sha256)));
      if (isMissing) missing.push(sha256);
    }
    after = rows.at(-1)?.sha256 ?? '';
    if (rows.length < batchSize) return missing;
  }
};

const nameOf = (sha256: string): string => `docuvault/bytes/${sha256}`;

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
