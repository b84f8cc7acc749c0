import { AshlarError } from 'ashlar';
import type { BlobStore } from './blobs/blob-store.js';
import { contentStores, type DocuvaultDatabase } from './tables.js';

interface Stored {
  readonly db: DocuvaultDatabase;
  readonly blobs: BlobStore;
}

/**
 * Asserts that a store belongs to a database.
 *
 * @returns whether the store has a mark
 * @throws AshlarError `state-conflict` for a store of another database; `store-failed`
 */
export async function assertOwnStore({ db, blobs }: Stored): Promise<boolean> {
  const mark = await blobs.mark();
  if (mark === undefined) return false;
  const own = await db.read((s) => s.query.selectFrom('content_stores').select('id').execute());
  if (!own.some(({ id }) => id === mark)) throw ofAnother();
  return true;
}

// the stores that were found to be the database's own: a store does not change its database
const claimed = new WeakMap<BlobStore, DocuvaultDatabase>();

/**
 * Marks a store as belonging to a database, when it is first used; asserts it afterwards.
 *
 * @throws AshlarError `state-conflict` for a store of another database; `store-failed`
 */
export async function claimStore({ db, blobs }: Stored): Promise<void> {
  if (claimed.get(blobs) === db) return;
  if (!(await assertOwnStore({ db, blobs }))) {
    const { id } = await db.session((s) => s.insert(contentStores, {}));
    // another process may mark it now; what counts is the mark that is found afterwards
    await blobs.setMark(id).catch(async (error) => {
      if ((await blobs.mark()) === undefined) throw error;
    });
    await assertOwnStore({ db, blobs });
  }
  claimed.set(blobs, db);
}

const ofAnother = (): AshlarError =>
  new AshlarError('state-conflict', {
    message: 'The store of content belongs to another database.',
    detail: 'Its mark names a store that this database does not have.',
    suggestion:
      'Nothing was stored or removed. Check DATABASE_URL, BLOB_DIR and S3_URL; each database has a store of its own.',
  });
