import { AshlarError } from 'ashlar';
import { assertOwnStore, claimStore } from './claim-store.js';
import { assertNoSession, isReferenced, removeUnreferenced, type Vault } from './vault.js';

/** The number of keys per query. */
const batchSize = 500;

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

/** What {@link sweep} may do beyond its usual work. */
export interface SweepOptions {
  /** Remove unreferenced content also where it is the larger part of the store, or the store has no mark yet. */
  readonly all?: boolean | undefined;
  /** Remove the content that version 0.1 stored under hashes, once every document has its own: no 0.1 may run any longer. */
  readonly drop_former?: boolean | undefined;
}

/**
 * Removes what killed processes have left behind: incomplete uploads, and content whose key no document has. Lists missing
 * content too. Only the operator calls it: run it at start; uploads and deletions may run concurrently. In a bucket, content
 * younger than a day stays (see `s3Store`).
 *
 * A store that belongs to another database is refused. So is a removal of more than ten contents that are more than half
 * of the store, or of any from a store without a mark, unless `all` is set: an empty or restored database has no rows for
 * content that is needed.
 *
 * @throws AshlarError `state-conflict`, and no content was removed; `usage` inside a session; `store-failed`
 */
export async function sweep(
  { db, blobs }: Pick<Vault, 'db' | 'blobs'>,
  { all = false, drop_former = false }: SweepOptions = {},
): Promise<Sweep> {
  assertNoSession(db);
  const isMarked = await assertOwnStore({ db, blobs });
  // first, because content that is still incoming is not listed
  const abandoned = await blobs.clean();
  const candidates: string[] = [];
  let stored = 0;
  for await (const batch of batches(blobs.list())) {
    const referenced = await db.read((s) =>
      s.query.selectFrom('documents').select('object_key').where('object_key', 'in', batch).execute(),
    );
    const kept = new Set(referenced.map(({ object_key }) => object_key));
    stored += batch.length;
    candidates.push(...batch.filter((key) => !kept.has(key)));
  }
  const isMost = candidates.length > fewRemoved && candidates.length > stored / 2;
  if (!all && (isMost || (!isMarked && candidates.length > 0))) throw tooMany(candidates.length, stored);
  await claimStore({ db, blobs });
  const unreferenced: string[] = [];
  for (const object_key of candidates)
    if (await removeUnreferenced({ db, blobs }, object_key)) unreferenced.push(object_key);
  const { missing, adopted } = await checkContent({ db, blobs });
  if (drop_former && missing.length === 0) await blobs.dropFormer?.();
  return { abandoned, unreferenced, missing, adopted };
}

/** How many contents a sweep removes without asking, even if they are the larger part of the store. */
const fewRemoved = 10;

const tooMany = (unreferenced: number, stored: number): AshlarError =>
  new AshlarError('state-conflict', {
    message: `No document has the content of ${unreferenced} of ${stored} keys of the store.`,
    detail: 'That is so when the database is empty, restored, or not the one that the store belongs to.',
    suggestion:
      'No content was removed. Check DATABASE_URL, BLOB_DIR and S3_URL. To remove the content for good: ashlar docuvault sweep --all.',
  });

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
      // the document may have been deleted since its row was read
      if (await isReferenced(db, object_key)) missing.push(object_key);
    }
    after = rows.at(-1)?.object_key ?? after;
    if (rows.length < batchSize) return { missing, adopted };
  }
};

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
