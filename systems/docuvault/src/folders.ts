import { recordEvent } from './audit.js';
import { asConflict, notFound } from './errors.js';
import { type DocuvaultSession, type Folder, folders } from './tables.js';

/** The ids of a folder and of the user who must own it. */
export interface FolderRef {
  readonly user_id: string;
  readonly folder_id: string;
}

const nameTaken = 'A folder of that name already exists.';

/**
 * Creates a folder in a parent folder or at the root.
 *
 * @throws AshlarError `state-conflict` when the parent already contains the name; `row-not-found` for an unknown
 *   parent; `value-invalid`
 */
export async function createFolder(
  s: DocuvaultSession,
  folder: { readonly user_id: string; readonly parent_id?: string | null | undefined; readonly name: string },
): Promise<Folder> {
  const { user_id, parent_id = null, name } = folder;
  if (parent_id !== null) await requireFolder(s, { user_id, folder_id: parent_id });
  const created = await asConflict(s, { code: 'unique-violation', table: 'folders' }, nameTaken, (inner) =>
    inner.insert(folders, { user_id, parent_id, name: name.normalize('NFC') }),
  );
  await record(s, 'folder.created', created);
  return created;
}

/**
 * Moves a folder with its contents into another folder, or to the root if `parent_id` is `null`.
 *
 * @throws AshlarError `state-conflict` when the new parent is inside the folder or already contains the name;
 *   `row-not-found`
 */
export async function moveFolder(
  s: DocuvaultSession,
  { parent_id, ...of }: FolderRef & { readonly parent_id: string | null },
): Promise<Folder> {
  await requireFolder(s, of);
  if (parent_id !== null) await requireFolder(s, { user_id: of.user_id, folder_id: parent_id });
  const moved = await asConflict(s, { code: 'unique-violation', table: 'folders' }, nameTaken, (inner) =>
    asConflict(
      inner,
      { code: 'guarantee-violated', table: 'folders' },
      'A folder cannot be moved into itself or into a folder inside it.',
      (innermost) => innermost.update(folders, of.folder_id, { parent_id }),
    ),
  );
  await record(s, 'folder.moved', moved);
  return moved;
}

/**
 * Renames a folder.
 *
 * @throws AshlarError `state-conflict` when the name is taken; `row-not-found`; `value-invalid`
 */
export async function renameFolder(
  s: DocuvaultSession,
  { name, ...of }: FolderRef & { readonly name: string },
): Promise<Folder> {
  await requireFolder(s, of);
  const renamed = await asConflict(s, { code: 'unique-violation', table: 'folders' }, nameTaken, (inner) =>
    inner.update(folders, of.folder_id, { name: name.normalize('NFC') }),
  );
  await record(s, 'folder.renamed', renamed);
  return renamed;
}

/**
 * Deletes an empty folder.
 *
 * @throws AshlarError `state-conflict` when the folder is not empty; `row-not-found`
 */
export async function deleteFolder(s: DocuvaultSession, of: FolderRef): Promise<void> {
  const folder = await requireFolder(s, of);
  await asConflict(s, { code: 'foreign-key-violation' }, 'The folder is not empty.', (inner) =>
    inner.delete(folders, folder.id),
  );
  await record(s, 'folder.deleted', folder);
}

/** Lists the direct subfolders of a folder, or the root folders if `parent_id` is `null`, sorted by name. */
export function listFolders(
  s: DocuvaultSession,
  { user_id, parent_id }: { readonly user_id: string; readonly parent_id: string | null },
): Promise<Folder[]> {
  return s.query
    .selectFrom('folders')
    .selectAll()
    .where('user_id', '=', user_id)
    .where('parent_id', parent_id === null ? 'is' : '=', parent_id)
    .orderBy('name')
    .execute();
}

/**
 * Returns the names of the folders on the path from the root to a folder; the last name is that of the folder itself.
 *
 * @throws AshlarError `row-not-found`
 */
export async function folderPath(s: DocuvaultSession, of: FolderRef): Promise<string[]> {
  const path: string[] = [];
  let folder = await requireFolder(s, of);
  for (;;) {
    path.unshift(folder.name);
    if (folder.parent_id === null) return path;
    folder = await requireFolder(s, { user_id: of.user_id, folder_id: folder.parent_id });
  }
}

/**
 * Returns a folder if the user owns it; throws otherwise.
 *
 * @throws AshlarError `row-not-found` when it does not exist or belongs to another user
 */
export async function requireFolder(s: DocuvaultSession, { user_id, folder_id }: FolderRef): Promise<Folder> {
  const folder = await s.get(folders, folder_id);
  if (!folder || folder.user_id !== user_id) throw notFound('folder');
  return folder;
}

const record = (s: DocuvaultSession, action: string, { id, user_id, name, parent_id }: Folder) =>
  recordEvent(s, {
    user_id,
    action,
    resource_type: 'folder',
    resource_id: id,
    metadata: { name, parent_id },
  });
