import { recordEvent } from './audit.js';
import { releaseAll, removeRows } from './documents.js';
import { asConflict } from './errors.js';
import { type FolderRef, requireFolder } from './folders.js';
import { type DocuvaultSession, type Folder, folders } from './tables.js';
import { assertNoSession, type Vault } from './vault.js';

/** The numbers of folders, documents and bytes that {@link deleteFolderTree} deleted. */
export interface DeletedTree {
  readonly folders: number;
  readonly documents: number;
  readonly bytes: number;
}

/**
 * Deletes a folder of the caller with its subfolders and documents, credits the quota, and removes the content.
 *
 * @throws AshlarError `login-required`; `row-not-found`; `state-conflict` when the folder receives new content concurrently; `usage`
 *   inside a session
 */
export async function deleteFolderTree(vault: Vault, of: FolderRef): Promise<DeletedTree> {
  assertNoSession(vault.db);
  const deleted = await vault.db.session(async (s) => {
    const { id, user_id } = await requireFolder(s, of);
    const ids = await foldersWithin(s, { id, user_id });
    const documents = await removeRows(s, { user_id, folder_ids: ids, by: user_id });
    await asConflict(
      s,
      { code: 'foreign-key-violation' },
      'The folder received new content during the deletion.',
      async (inner) => {
        for (const id of [...ids].reverse()) await inner.delete(folders, id);
      },
    );
    await recordEvent(s, {
      user_id,
      action: 'folder.deleted',
      resource_type: 'folder',
      resource_id: of.folder_id,
      metadata: { folders: ids.length, documents: documents.length },
    });
    return { ids, documents };
  });
  return { folders: deleted.ids.length, ...(await releaseAll(vault, deleted.documents)) };
}

/** The folder and all folders below it, parents first. */
const foldersWithin = async (
  s: DocuvaultSession,
  of: Pick<Folder, 'id' | 'user_id'>,
): Promise<readonly string[]> => {
  const ids = [of.id];
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
