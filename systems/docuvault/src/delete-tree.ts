import { recordEvent } from './audit.js';
import { removeRow } from './documents.js';
import { type FolderOf, requireFolder } from './folders.js';
import { refusedAs } from './refusals.js';
import { type DocuvaultSession, folders } from './tables.js';
import { assertOutside, letGo, type Vault } from './vault.js';

/** What went with a folder. */
export interface DeletedTree {
  readonly folders: number;
  readonly documents: number;
  readonly bytes: number;
}

/**
 * Deletes a folder with everything in it, gives the bytes back to the quota, and removes them unless other documents have
 * the same.
 *
 * @throws AshlarError `row-not-found`; `usage` inside a session
 */
export const deleteFolderTree = async (vault: Vault, of: FolderOf): Promise<DeletedTree> => {
  assertOutside(vault.db);
  const gone = await vault.db.session({ actor: `user:${of.user_id}` }, async (s) => {
    const ids = await foldersWithin(s, of);
    const documents = await s.query
      .selectFrom('documents')
      .selectAll()
      .where('user_id', '=', of.user_id)
      .where('folder_id', 'in', ids)
      // in one order everywhere, so that two who delete wait for each other rather than for ever
      .orderBy('id')
      .forUpdate()
      .execute();
    for (const document of documents) await removeRow(s, document);
    await refusedAs(
      s,
      ['foreign-key-violation'],
      'Something was put into the folder meanwhile.',
      async (inner) => {
        for (const id of [...ids].reverse()) await inner.delete(folders, id);
      },
    );
    await recordEvent(s, {
      user_id: of.user_id,
      action: 'folder.deleted',
      resource_type: 'folder',
      resource_id: of.folder_id,
      metadata: { folders: ids.length, documents: documents.length },
    });
    return { ids, documents };
  });
  const hashes = new Set(gone.documents.flatMap(({ sha256 }) => sha256 ?? []));
  for (const sha256 of hashes) await letGo(vault, sha256);
  return {
    folders: gone.ids.length,
    documents: gone.documents.length,
    bytes: gone.documents.reduce((sum, { size_bytes }) => sum + size_bytes, 0),
  };
};

/** The folder and all folders within it, each after the one that it stands in. */
const foldersWithin = async (s: DocuvaultSession, of: FolderOf): Promise<readonly string[]> => {
  const ids = [(await requireFolder(s, of)).id];
  for (let level: readonly string[] = ids; level.length > 0; ) {
    const below = await s.query
      .selectFrom('folders')
      .select('id')
      .where('user_id', '=', of.user_id)
      .where('parent_id', 'in', level)
      .execute();
    level = below.map(({ id }) => id);
    ids.push(...level);
  }
  return ids;
};
